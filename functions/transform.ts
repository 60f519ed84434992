import { z } from 'zod';
import { systemClock } from '../lib/clock.ts';
import type { Run } from '../lib/run/request.ts';
import { transformStage } from '../lib/run/transform-stage.ts';
import { StageTooSlowError } from './errors.ts';
import { stageShape } from './events.ts';
import { wear } from './rings.ts';
import { abortBefore, openService, uploadDeadlineOf } from './service.ts';
import { holdStage } from './stage-context.ts';
import { requireRaw } from './staged.ts';

const service = openService();

/**
 * Cleans what extract left, into chunks of the staging bucket; the state machine calls again until `complete`. Deciding
 * about the rows takes one call, or says that it cannot; writing them goes on in the next one.
 */
export const handler = wear(z.strictObject(stageShape), async (event, invocation) => {
  const tooSlow = new StageTooSlowError('transform', 'transform');
  const signal = abortBefore(invocation, tooSlow);
  const deadlineFor = uploadDeadlineOf(invocation);
  const context = await holdStage(service, event, signal);
  const transformation = await transformStage(context, event.run as Run, await requireRaw(context, event.run));
  try {
    const deadline = deadlineFor(transformation.bytesToKeep);
    if (!(await endsBefore(deadline, transformation.finished))) {
      const pause = await transformation.pause();
      if (pause === 'stuck') throw tooSlow;
      if (pause === 'kept') return { complete: false };
    }
    const clean = await transformation.finished;
    return { complete: true, chunks: clean.chunks.length, ...clean.counts };
  } finally {
    await transformation.stop();
  }
});

/** Waits for work until the deadline, and says whether it has ended; what it fails with is thrown. */
async function endsBefore(deadline: Date, work: Promise<unknown>): Promise<boolean> {
  const waiting = new AbortController();
  const late = systemClock.sleep(deadline.getTime() - systemClock.now().getTime(), waiting.signal).then(
    () => false,
    () => false,
  );
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    waiting.abort();
  }
}
