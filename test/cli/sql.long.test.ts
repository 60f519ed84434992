import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeAnswers } from '../../lib/cli/sql/write-answers.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => await target.remove());

describe('etl sql over 1,000,000 rows', () => {
  it.each(['json', 'ndjson', 'csv'] as const)('stays in flat memory: %s', { timeout: 300_000 }, async (format) => {
    let bytes = 0;
    let highest = 0;
    const stdout = new Writable({
      write: (chunk: Buffer, _, done) => {
        bytes += chunk.byteLength;
        highest = Math.max(highest, process.memoryUsage.rss());
        // A reader that is slower than the database.
        setImmediate(done);
      },
    });
    const before = process.memoryUsage.rss();
    const query = "SELECT n, repeat('x', 200) AS text FROM generate_series(1, 1000000) AS n";
    const status = await writeAnswers(target.sql, query, { [format]: true }, { stdout, stderr: process.stderr });
    expect(status).toBe(0);
    expect(bytes).toBeGreaterThan(200_000_000);
    expect(highest - before).toBeLessThan(120 * 1024 ** 2);
  });
});
