import { z } from 'zod';
import type { Run } from '../lib/run/request.ts';
import { transformStage } from '../lib/run/stages.ts';
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
  const clean = await transformStage(context, event.run as Run, await requireRaw(context, event.run));
  return { chunks: clean.chunks.length, ...clean.counts };
});
