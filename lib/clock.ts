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
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  },
};
