import { z } from 'zod';
import type { Run } from '../lib/run/request.ts';
import { transformStage } from '../lib/run/transform-stage.ts';
import { StageTooSlowError } from './errors.ts';
import { stageShape } from './events.ts';
import { wear } from './rings.ts';
import { abortBefore, openService } from './service.ts';
import { holdStage } from './stage-context.ts';
import { requireRaw } from './staged.ts';

const service = openService();

/** Cleans what extract left, into chunks of the staging bucket. One call does it all, or says that it cannot. */
export const handler = wear(z.strictObject(stageShape), async (event, invocation) => {
  const signal = abortBefore(invocation, new StageTooSlowError('transform', 'transform'));
  const context = await holdStage(service, event, signal);
  const transformation = await transformStage(context, event.run as Run, await requireRaw(context, event.run));
  try {
    const clean = await transformation.finished;
    return { chunks: clean.chunks.length, ...clean.counts };
  } finally {
    await transformation.stop();
  }
});
