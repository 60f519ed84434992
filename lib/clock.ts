import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** Time as an argument: the system's in production, a virtual one in tests. */
export interface Clock {
  readonly now: () => Date;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when aborted before. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  sleep: async (ms, signal) => {
    // All connections of a run may wait at once on its one signal, which Node takes for a leak from eleven on.
    if (signal !== undefined) setMaxListeners(0, signal);
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  },
};
