import { setTimeout as sleep } from 'node:timers/promises';
import { EtlError } from '../../lib/errors.ts';
import { FunctionOutOfTimeError } from './errors.ts';
import type { Invocation } from './invocation.ts';

/** The moment from which a stage is to stop, before the end of its time: a tenth of it, 15 s at most. */
export function untilAbortMs(invocation: Invocation): number {
  const remaining = invocation.getRemainingTimeInMillis();
  return remaining - Math.min(15_000, remaining / 10);
}

/** Time between the response and the moment at which Lambda kills the function: a twentieth of it, 5 s at most. */
function untilEndMs(invocation: Invocation): number {
  const remaining = invocation.getRemainingTimeInMillis();
  return remaining - Math.min(5_000, remaining / 20);
}

/** What becomes of work that an invocation could not stop. */
const leftovers = {
  /** Time that the next invocation gives it. */
  waitMs: 5_000,
  exit: (): void => process.exit(1),
};

let leftover: Promise<unknown> | undefined;

/**
 * Runs a stage within the time of its function. It is told to stop by the signal, and where it does not, the invocation
 * ends all the same while there is time to say so. What it left behind has stopped before the next invocation in the same
 * process begins, or the process ends, which Lambda reports as `Runtime.ExitError`.
 *
 * @throws {FunctionOutOfTimeError} transient, also in place of what the stage threw because it was stopped
 */
export async function withinTime<T>(
  invocation: Invocation,
  stage: (signal: AbortSignal) => Promise<T>,
  { exit, waitMs } = leftovers,
): Promise<T> {
  if (leftover !== undefined && !(await settles(leftover, waitMs))) exit();
  leftover = undefined;
  const outOfTime = new FunctionOutOfTimeError();
  const stop = new AbortController();
  const end = new AbortController();
  const abort = setTimeout(() => stop.abort(outOfTime), untilAbortMs(invocation));
  const late = sleep(untilEndMs(invocation), 'late' as const, { signal: end.signal });
  const work = stage(stop.signal);
  try {
    const first = await Promise.race([work.then((value) => ({ value })), late]);
    if (first !== 'late') return first.value;
    leftover = work.catch(() => undefined);
    throw outOfTime;
  } catch (error) {
    if (stop.signal.aborted && !(error instanceof EtlError)) throw new FunctionOutOfTimeError({ cause: error });
    throw error;
  } finally {
    clearTimeout(abort);
    end.abort();
  }
}

async function settles(work: Promise<unknown>, waitMs: number): Promise<boolean> {
  return await Promise.race([work.then(() => true), sleep(waitMs, false, { ref: false })]);
}

/**
 * Waits for work that may be left undone, until the signal is aborted; what is done then still has time. The work goes on
 * as long as the process does, so it must be safe to repeat.
 *
 * @throws the signal's reason
 */
export async function whileTime<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let stop: () => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
  });
  signal.addEventListener('abort', stop);
  try {
    return await Promise.race([work, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
