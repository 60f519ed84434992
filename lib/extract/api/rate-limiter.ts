import type { Clock } from '../../clock.ts';
import type { RateLimitSettings } from '../../config/source-retry.ts';

interface SentRequest {
  /** When it had left, ms since 1970; undefined while it waits for a connection. */
  at: number | undefined;
  readonly left: Promise<void>;
}

/** The requests to one origin, whoever sends them. */
interface Passes {
  /** Requests that were let through, oldest first. */
  readonly sent: SentRequest[];
  notBefore: number;
  queue: Promise<void>;
}

/** By the clock that a process waits with, so that pipelines of one process share what they ask of an origin. */
const shared = new WeakMap<Clock, Map<string, Passes>>();

function passesOf(clock: Clock, origin: string): Passes {
  const byOrigin = shared.get(clock) ?? new Map<string, Passes>();
  shared.set(clock, byOrigin);
  const passes = byOrigin.get(origin) ?? { sent: [], notBefore: 0, queue: Promise.resolve() };
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
    const { notBefore, sent } = this.#passes;
    const opens = this.#limits.map(({ per_seconds, requests }) => {
      const oldest = sent[sent.length - requests]?.at;
      return oldest === undefined ? 0 : oldest + per_seconds * 1_000;
    });
    return Math.max(notBefore, ...opens);
  }

  /**
   * Resolves when a request may go; first come, first served.
   *
   * @returns  to be called when the request has left, or will not: the API counts when it comes, however long the
   *           connection took
   */
  async pass(signal: AbortSignal | undefined): Promise<() => void> {
    const passes = this.#passes;
    const now = (): number => this.#clock.now().getTime();
    let request: SentRequest | undefined;
    let leave: () => void = () => undefined;
    const turn = passes.queue.then(async () => {
      for (const { requests } of this.#limits) {
        const oldest = passes.sent[passes.sent.length - requests];
        if (oldest !== undefined) await oldest.left;
      }
      for (let wait = this.opensAt - now(); wait > 0; wait = this.opensAt - now())
        await this.#clock.sleep(wait, signal);
      const left = new Promise<void>((resolve) => {
        leave = resolve;
      });
      request = { at: undefined, left };
      passes.sent.push(request);
      forget(passes.sent, now());
    });
    passes.queue = turn.catch(() => undefined);
    await turn;
    return () => {
      if (request !== undefined) request.at ??= now();
      leave();
    };
  }
}

/** The longest interval that can be configured; requests before it count for nothing. */
const longestMs = 86_400_000;

function forget(sent: SentRequest[], now: number): void {
  // Now and then, for it moves all of them.
  if (sent.length % 1_024 !== 0) return;
  const first = sent.findIndex(({ at }) => at === undefined || at > now - longestMs);
  sent.splice(0, first === -1 ? sent.length : first);
}
