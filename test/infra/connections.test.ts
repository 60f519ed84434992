import { describe, expect, it } from 'vitest';
import type { Clock } from '../../lib/clock.ts';
import { parseConfig } from '../../lib/config/read-config.ts';
import { TargetUnavailableError } from '../../lib/dsql/errors.ts';
import { withRetries } from '../../lib/dsql/retry.ts';
import { machineDefinition } from '../../lib/infra/machine-definition.ts';
import { retries } from '../../lib/infra/machine-retries.ts';

/** Those who wait are woken at whole multiples of this, so that many are woken at once. */
const tickMs = 50;

/** A clock on which many wait at once and no time passes but theirs. */
class VirtualTime implements Clock {
  #ms = 0;
  readonly #sleeping: { readonly at: number; readonly wake: () => void }[] = [];
  now = (): Date => new Date(this.#ms);
  sleep = async (ms: number): Promise<void> =>
    await new Promise((wake) => this.#sleeping.push({ at: Math.ceil((this.#ms + ms) / tickMs) * tickMs, wake }));

  /** Lets time pass until the work has ended. */
  async run<T>(work: Promise<T>): Promise<T> {
    let ended = false;
    void work.finally(() => {
      ended = true;
    });
    while (!ended) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#sleeping.sort((a, b) => b.at - a.at);
      const next = this.#sleeping.pop();
      if (next === undefined) continue;
      this.#ms = next.at;
      next.wake();
      while ((this.#sleeping.at(-1)?.at ?? Number.POSITIVE_INFINITY) <= this.#ms) this.#sleeping.pop()?.wake();
    }
    return await work;
  }
}

/** A cluster's limit of new connections: a burst of 1,000, and 100 a second. */
function newConnections(time: Clock) {
  let tokens = 1_000;
  let at = 0;
  return async (): Promise<void> => {
    const now = time.now().getTime();
    tokens = Math.min(1_000, tokens + ((now - at) / 1000) * 100);
    at = now;
    if (tokens < 1) {
      throw Object.assign(new Error('Unable to accept connection, rate exceeded.'), { code: '53400' });
    }
    tokens -= 1;
  };
}

const transientLine = retries.find((line) => line.ErrorEquals.includes('TargetUnavailableError'));

/** A call of a function as the state machine repeats it, whose only work is to connect. */
async function call(time: Clock, connect: () => Promise<void>, random: () => number): Promise<void> {
  const { BackoffRate = 2, IntervalSeconds = 1, MaxAttempts = 0, MaxDelaySeconds = 0 } = transientLine ?? {};
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await withRetries('Taking the lease', { clock: time, random }, connect);
    } catch (error) {
      if (!(error instanceof TargetUnavailableError) || attempt >= MaxAttempts) throw error;
      const wait = Math.min(IntervalSeconds * BackoffRate ** attempt, MaxDelaySeconds);
      await time.sleep(random() * wait * 1000);
    }
  }
}

/** Numbers in [0, 1) that are the same each time (Park and Miller). */
function numbers(): () => number {
  let state = 7;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

describe('cold starts of functions', () => {
  it.each([1_000, 3_000])(
    '%i at once all get their connection, however few the cluster takes at a time',
    async (count) => {
      const time = new VirtualTime();
      const connect = newConnections(time);
      const random = numbers();
      const calls = Array.from({ length: count }, () => call(time, connect, random));
      await time.run(Promise.all(calls));
      expect(time.now().getTime()).toBeLessThan(180_000);
    },
    30_000,
  );
});

describe('a function that Lambda does not start, because the account runs as many as it may', () => {
  it('is asked for again for longer than a run may take', () => {
    const line = retries.find(({ ErrorEquals }) => ErrorEquals.includes('Lambda.TooManyRequestsException'));
    if (line === undefined) throw new Error('no line');
    const waits = Array.from({ length: line.MaxAttempts }, (_, attempt) =>
      Math.min(line.IntervalSeconds * line.BackoffRate ** attempt, line.MaxDelaySeconds),
    );
    // Each wait is drawn evenly from 0 to this, so half of it on average.
    const seconds = waits.reduce((sum, wait) => sum + wait / 2, 0);
    const longest = parseConfig(
      'pipelines: { a: { source_type: file, file_path: a.csv, target_table: a } }\ndeploy: { run_timeout_minutes: 1440 }',
      'etl.yaml',
    );
    expect(seconds).toBeGreaterThan(Number(machineDefinition(longest).TimeoutSeconds));
  });
});
