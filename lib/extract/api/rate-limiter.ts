import type { Clock } from '../../clock.ts';
import type { RateLimitSettings } from '../../config/source-retry.ts';

/** The requests to one origin, whoever sends them. */
interface Passes {
  /** When requests were let through, ms since 1970, oldest first. */
  readonly times: number[];
  notBefore: number;
  queue: Promise<void>;
}

/** By the clock that a process waits with, so that pipelines of one process share what they ask of an origin. */
const shared = new WeakMap<Clock, Map<string, Passes>>();

function passesOf(clock: Clock, origin: string): Passes {
  const byOrigin = shared.get(clock) ?? new Map<string, Passes>();
  shared.set(clock, byOrigin);
  const passes = byOrigin.get(origin) ?? { times: [], notBefore: 0, queue: Promise.resolve() };
  byOrigin.set(origin, passes);
  return passes;
}

/**
 * Lets requests through so that no interval of the configured lengths sees more than allowed, of all requests of this
 * process to the same origin.
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #limits: readonly RateLimitSettings[];
  readonly #passes: Passes;

  /** @param origin  e.g. `https://api.example.com` */
  constructor(clock: Clock, origin: string, limits: readonly RateLimitSettings[]) {
    this.#clock = clock;
    this.#limits = limits;
    this.#passes = passesOf(clock, origin);
  }

  /** Nothing is let through for this long. */
  hold(ms: number): void {
    this.#passes.notBefore = Math.max(this.#passes.notBefore, this.#clock.now().getTime() + ms);
  }

  /** When the next request would be let through, ms since 1970; in the past where it may go now. */
  get opensAt(): number {
    const { notBefore, times } = this.#passes;
    const opens = this.#limits.map(({ per_seconds, requests }) => {
      const oldest = times[times.length - requests];
      return oldest === undefined ? 0 : oldest + per_seconds * 1_000;
    });
    return Math.max(notBefore, ...opens);
  }

  /** Resolves when a request may go; first come, first served. */
  async pass(signal: AbortSignal | undefined): Promise<void> {
    const passes = this.#passes;
    const turn = passes.queue.then(async () => {
      const wait = this.opensAt - this.#clock.now().getTime();
      if (wait > 0) await this.#clock.sleep(wait, signal);
      const now = this.#clock.now().getTime();
      passes.times.push(now);
      forget(passes.times, now);
    });
    passes.queue = turn.catch(() => undefined);
    await turn;
  }
}

/** The longest interval that can be configured; requests before it count for nothing. */
const longestMs = 86_400_000;

function forget(times: number[], now: number): void {
  // Now and then, for it moves all of them.
  if (times.length % 1_024 !== 0) return;
  const first = times.findIndex((time) => time > now - longestMs);
  times.splice(0, first === -1 ? times.length : first);
}
