import type { Clock } from '../../clock.ts';
import type { RateLimitSettings } from '../../config/source-retry.ts';

/** Lets requests through so that no interval of the configured length sees more than allowed. */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #limit: RateLimitSettings | undefined;
  /** When the last requests were let through, ms since 1970, oldest first. */
  readonly #times: number[] = [];
  #notBefore = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(clock: Clock, limit: RateLimitSettings | undefined) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /** Nothing is let through for this long. */
  hold(ms: number): void {
    this.#notBefore = Math.max(this.#notBefore, this.#clock.now().getTime() + ms);
  }

  /** When the next request would be let through, ms since 1970; in the past where it may go now. */
  get opensAt(): number {
    if (this.#limit === undefined || this.#times.length < this.#limit.requests) return this.#notBefore;
    const oldest = this.#times[this.#times.length - this.#limit.requests] as number;
    return Math.max(this.#notBefore, oldest + this.#limit.per_seconds * 1_000);
  }

  /** Resolves when a request may go; first come, first served. */
  async pass(signal: AbortSignal | undefined): Promise<void> {
    const turn = this.#queue.then(async () => {
      const wait = this.opensAt - this.#clock.now().getTime();
      if (wait > 0) await this.#clock.sleep(wait, signal);
      if (this.#limit === undefined) return;
      this.#times.push(this.#clock.now().getTime());
      if (this.#times.length > this.#limit.requests) this.#times.shift();
    });
    this.#queue = turn.catch(() => undefined);
    await turn;
  }
}
