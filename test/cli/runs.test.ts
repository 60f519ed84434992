import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { main } from '../../lib/cli/main.ts';
import { runLines } from '../../lib/cli/runs/run-lines.ts';
import { ago, duration, shortened } from '../../lib/cli/terminal-text.ts';
import { listRuns } from '../../lib/state/run-list.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';

let space: InProcess;

beforeAll(async () => {
  space = await inProcess();
  space.write(
    'etl.yaml',
    'pipelines: { items: { source_type: file, file_path: items.csv, target_table: items, business_rules: [{ type: filter, condition: "price > 1" }] } }',
  );
});

afterAll(async () => await space.remove());

async function etl(...args: readonly string[]): Promise<string> {
  let out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  await main([...args, '--config', path.join(space.folder, 'etl.yaml'), '--target', 'local']);
  vi.restoreAllMocks();
  return out;
}

describe('the log', () => {
  it('says of a run what it did, and of two what they did differently', async () => {
    space.write('items.csv', 'Item No,price\n1,2.50\n2,3.75\n');
    const [first] = await space.run();
    space.write('items.csv', 'Item No,price,colour\n3,2.50,red\n4,N/A,blue\n5,1.00,red\n');
    const [second] = await space.run();
    expect(second).toMatchObject({ status: 'success', rows_rejected: 1 });

    const shown = await etl('show');
    expect(shown).toMatch(new RegExp(`^Run ${String(second?.run_id)}: items → items, success\n`));
    for (const text of [
      '3 read = 1 filtered + 0 deduplicated + 1 rejected + 1 loaded',
      /Plan\n {2}1 chunk, no key columns, fingerprint [0-9a-f]{12}\n/,
      /Since the success before\n {2}\+ colour text\n/,
      /Rules\n {2}rule 1 \(filter: price > 1\): 1 filtered, 0 rejected\n/,
      /Stages\n {2}start .*\n {2}extract .*\n {2}transform .*\n {2}load .*\n {2}record /,
      /item_no +bigint +from "Item No"; /,
      /Rejected rows\n {2}1 × price: /,
      /DDL\n {2}ALTER TABLE .* ADD COLUMN IF NOT EXISTS "colour" text;/,
      /Sources\n {2}items\.csv {2}csv, \d+ bytes/,
      `1 rejected rows are open. See them: etl rejects ${String(second?.run_id).slice(0, 8)}`,
    ]) {
      expect(shown).toMatch(text);
    }
    const whole = JSON.parse(await etl('show', String(first?.run_id).slice(0, 8), '--json')) as unknown;
    expect(whole).toMatchObject({
      run: { run_id: first?.run_id },
      batches: 1,
      details: { ddl: [expect.stringContaining('CREATE TABLE') as string] },
    });

    const differences = await etl('diff', String(first?.run_id), String(second?.run_id));
    expect(differences).toMatch(/rows_read +2 +3\n/);
    expect(differences).toMatch(/type of colour +– +text\n/);
    expect(await etl('diff', String(first?.run_id), String(first?.run_id))).toMatch(/did the same/);
  });

  it('is listed in lines that fit the terminal, only failed runs, and those since a time', async () => {
    const list = await etl('runs');
    expect(list.trimEnd().split('\n')).toHaveLength(3);
    expect(await etl('runs', '--failed')).toBe('No runs.\n');
    expect(await etl('runs', '--since', '2999-01-01')).toBe('No runs.\n');
    expect(JSON.parse(await etl('runs', '--since', '1h', '--json'))).toHaveLength(2);
  });

  it('of 10,000 runs is listed within a second', async () => {
    const insert = (from: number): string => `INSERT INTO etl_execution_log
      (run_id, pipeline_name, status, trigger, start_time, target_table, error_message, rows_loaded, rows_rejected)
      SELECT 'many-' || n, 'many', 'failed', 'cli', '2026-01-01'::timestamptz + n * interval '1 minute', 'many', repeat('a long message ', 20), n, 0
        FROM generate_series(${from}, ${from + 2_499}) AS n`;
    for (const from of [0, 2_500, 5_000, 7_500]) await space.sql(insert(from));
    const began = performance.now();
    const runs = await listRuns(space.target.sql, { pipeline: 'many', limit: 50 });
    const took = performance.now() - began;
    expect(runs).toHaveLength(50);
    expect(took).toBeLessThan(1_000);
    const lines = runLines(runs, { isTTY: true, columns: 72 }, new Date('2026-01-08T00:00:00Z'));
    expect(lines).toHaveLength(51);
    expect(lines.every((line) => [...line].length <= 72)).toBe(true);
    expect(lines[1]).toMatch(/^\d+ h ago {2}many-999 {2}many {6}✗ /);
  });
});

describe('texts on a terminal', () => {
  it('are short and in one line', () => {
    expect(shortened('a\nb\u001b[31m', 20)).toBe('a⏎b\\x1b[31m');
    expect(shortened('abcdef', 4)).toBe('abc…');
    expect([5, 65, 3_700].map(duration)).toEqual(['5.0 s', '1 min 5 s', '1 h 1 min']);
    const now = new Date('2026-03-01T00:00:00Z');
    expect(
      ['2026-02-28T23:59:20Z', '2026-02-28T20:00:00Z', '2026-01-01T00:00:00Z'].map((time) => ago(time, now)),
    ).toEqual(['40 s ago', '4 h ago', '2026-01-01']);
  });
});
