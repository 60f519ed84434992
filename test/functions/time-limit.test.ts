import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FunctionOutOfTimeError } from '../../functions/runtime/errors.ts';
import type { Invocation } from '../../functions/runtime/invocation.ts';
import { whileTime, withinTime } from '../../functions/runtime/time-limit.ts';
import { TransientError } from '../../lib/errors.ts';

/** An invocation with this much time from now on. */
function invocation(ms: number): Invocation & { readonly leftMs: () => number } {
  const end = performance.now() + ms;
  const leftMs = (): number => end - performance.now();
  return { leftMs, getRemainingTimeInMillis: leftMs };
}

const never = {
  waitMs: 1_000,
  exit: (): never => {
    throw new Error('the process must not end');
  },
};

describe('the time of a function', () => {
  it('is enough for what ends in it', async () => {
    expect(await withinTime(invocation(1_000), async () => 'done', never)).toBe('done');
    await expect(withinTime(invocation(1_000), () => Promise.reject(new RangeError('x')), never)).rejects.toThrow(
      RangeError,
    );
  });

  it('ends with a transient error while there is time to say so, also where a stage does not stop', async () => {
    const long = invocation(800);
    let stopped: unknown;
    let free: () => void = () => undefined;
    const hangs = new Promise<void>((resolve) => {
      free = resolve;
    });
    const ended = withinTime(
      long,
      async (signal) => {
        signal.addEventListener('abort', () => {
          stopped = signal.reason;
        });
        await hangs;
      },
      never,
    );
    await expect(ended).rejects.toThrow(FunctionOutOfTimeError);
    expect(stopped).toBeInstanceOf(TransientError);
    expect(long.leftMs()).toBeGreaterThan(0);
    free();
  });

  it('turns what a stage throws because it was stopped into that error, and lets errors of ours be', async () => {
    const stops = async (signal: AbortSignal): Promise<void> => {
      await sleep(5_000, undefined, { signal });
    };
    await expect(withinTime(invocation(300), stops, never)).rejects.toThrow(FunctionOutOfTimeError);
    class OtherError extends TransientError {
      override readonly name = 'OtherError';
      readonly code = 'other';
    }
    const own = async (signal: AbortSignal): Promise<void> => {
      await stops(signal).catch(() => {
        throw new OtherError('other');
      });
    };
    await expect(withinTime(invocation(300), own, never)).rejects.toThrow(OtherError);
  });

  it('of the next invocation begins when what was left has ended, or in another process', async () => {
    let running = 0;
    const most: number[] = [];
    const slow = async (): Promise<void> => {
      running += 1;
      most.push(running);
      await sleep(600);
      running -= 1;
    };
    await expect(withinTime(invocation(300), slow, never)).rejects.toThrow(FunctionOutOfTimeError);
    await withinTime(invocation(5_000), slow, never);
    expect(most).toEqual([1, 1]);
    await expect(withinTime(invocation(200), () => new Promise(() => undefined), never)).rejects.toThrow();
    let exits = 0;
    const exit = (): void => {
      exits += 1;
    };
    await withinTime(invocation(20_000), async () => undefined, { waitMs: 100, exit });
    expect(exits).toBe(1);
  }, 20_000);

  it('is not all spent on work that may be left undone', async () => {
    const stop = new AbortController();
    const waiting = whileTime(stop.signal, new Promise(() => undefined));
    stop.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    expect(await whileTime(new AbortController().signal, Promise.resolve(1))).toBe(1);
  });
});
