import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { extract } from '../../lib/extract/extract.ts';
import { setup } from './extract-setup.ts';

let server: ChildProcess | undefined;

afterEach(() => {
  server?.kill();
});

/** An API in a process of its own, which notes by its own clock when it was asked. */
async function timedApi(): Promise<{ readonly url: string; readonly times: () => Promise<readonly number[]> }> {
  const child = fork(path.resolve('test/support/timed-api.mjs'));
  server = child;
  const [port] = (await once(child, 'message')) as [number];
  return {
    url: `http://127.0.0.1:${port}`,
    times: async () => {
      child.send('times');
      const [times] = (await once(child, 'message')) as [number[]];
      return times;
    },
  };
}

/** The most requests that any interval of this length saw. */
function busiest(times: readonly number[], ms: number): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + ms).length));
}

describe('limits of requests, by the clock of the API', () => {
  it('hold for two pipelines of one origin together: so many a second, and so many in ten', async () => {
    const { times, url } = await timedApi();
    const rate_limit = [
      { requests: 10, per_seconds: 1 },
      { requests: 40, per_seconds: 10 },
    ];
    const source = { source_type: 'api', endpoint: 'rows', pagination: { type: 'page_number' }, max_pages: 25 };
    await Promise.all(
      ['a', 'b'].map(async (name) => {
        const { request } = setup(
          source,
          { base_url: url, rate_limit },
          { clock: systemClock, prefix: `runs/${name}` },
        );
        await extract(request);
      }),
    );
    const seen = await times();
    expect(seen).toHaveLength(50);
    // What the network and a busy machine delay by a tenth at most is allowed for.
    expect(busiest(seen, 900)).toBeLessThanOrEqual(10);
    expect(busiest(seen, 9_900)).toBeLessThanOrEqual(40);
    expect(busiest(seen, 1_500)).toBeGreaterThan(10);
  }, 60_000);
});
