import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunResult } from '../../lib/run/result.ts';
import { transformInPieces } from '../../lib/scatter/transform-in-pieces.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';
import { runFile } from '../support/run-file.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => {
  await target.remove();
});

const rows = 3_000;
const inPieces = 'pieces_above_mb: 0.01, piece_mb: 0.02';

/** Loads a CSV, and stops where a progress is told of. */
async function load(
  table: string,
  settings: string,
  stop?: { readonly stage: 'load' | 'transform'; readonly rows: number },
): Promise<RunResult> {
  const folder = path.join(target.folder, table);
  mkdirSync(folder, { recursive: true });
  const file = path.join(target.folder, 'rows.csv');
  const lines = Array.from(
    { length: rows },
    (_, i) => `${i % 2_900},"na\nme ${i % 2_900}",${i % 97 === 0 ? 'x' : i % 2_900}\n`,
  );
  writeFileSync(file, `id,name,n\n${lines.join('')}`);
  const stopping = new AbortController();
  return await runFile(target, {
    folder,
    file,
    table,
    pipeline: 'same',
    settings: `${settings}, key_columns: [id], columns: { n: bigint }`,
    chunkRows: 300,
    connections: 1,
    inPieces: transformInPieces,
    signal: stopping.signal,
    onProgress: ({ rows: done, stage }) => {
      if (stage === stop?.stage && done >= stop.rows) stopping.abort(new Error('Stopped.'));
    },
  });
}

/** What a run says of its rows. */
const said = ({ rows_deduplicated, rows_loaded, rows_read, rows_rejected, warnings }: RunResult): unknown => ({
  rows_deduplicated,
  rows_loaded,
  rows_read,
  rows_rejected,
  warnings,
});

describe('a run that cleans its source in pieces', { timeout: 60_000 }, () => {
  it.each(['insert', 'upsert', 'replace'])('loads the rows that a run in one go loads: %s', async (mode) => {
    const whole = await load(`whole_${mode}`, `load_mode: ${mode}`);
    const pieces = await load(`pieces_${mode}`, `load_mode: ${mode}, ${inPieces}`);
    expect(pieces).toMatchObject({ status: 'success' });
    expect(said(pieces)).toEqual(said(whole));
    const differing = await target.sql.unsafe(
      `SELECT * FROM (SELECT uuid_id, id, name, n FROM whole_${mode}) w FULL JOIN (SELECT uuid_id, id, name, n FROM pieces_${mode}) p USING (uuid_id, id, name, n)
        WHERE w IS NULL OR p IS NULL`,
    );
    expect(differing).toHaveLength(0);
  });

  it.each([
    ['with keys', 'key_columns: [id]'],
    ['without keys', 'deduplicate: true'],
  ])('replaces by buckets what a run in one go replaces: %s', async (_, keys) => {
    const said: unknown[] = [];
    for (const how of ['pieces_above_mb: 1000', inPieces]) {
      const table = `${how === inPieces ? 'pieces' : 'whole'}_${keys.slice(0, 3)}`;
      const folder = path.join(target.folder, table);
      mkdirSync(folder, { recursive: true });
      const file = path.join(folder, 'rows.csv');
      const replace = async (ids: readonly number[]): Promise<void> => {
        writeFileSync(file, `id,name\n${ids.map((id) => `${id},"na\nme ${id}"\n`).join('')}`);
        const settings = `load_mode: replace, verify: full, ${keys}, ${how}`;
        const run = await runFile(target, {
          folder,
          file,
          table,
          settings,
          chunkRows: 300,
          inPieces: transformInPieces,
        });
        const { rows_deleted, rows_deduplicated, rows_loaded, status, verified } = run;
        said.push({ rows_deleted, rows_deduplicated, rows_loaded, status, verified });
      };
      const numbers = Array.from({ length: rows }, (__, i) => i);
      await replace([...numbers, ...numbers.slice(100, 200)]);
      await replace(numbers.filter((i) => i % 5 !== 0).map((i) => (i % 7 === 0 ? i + rows : i)));
    }
    expect(said.slice(2)).toEqual(said.slice(0, 2));
    expect(said[1]).toMatchObject({ status: 'success', rows_loaded: 2_400, verified: 'full: 2,400 rows' });
    const [one, other] = [`whole_${keys.slice(0, 3)}`, `pieces_${keys.slice(0, 3)}`];
    const differing = await target.sql.unsafe(
      `SELECT 1 FROM ${one} w FULL JOIN ${other} p USING (uuid_id, id, name) WHERE w.created_at IS NULL OR p.created_at IS NULL`,
    );
    expect(differing).toHaveLength(0);
  });

  it('goes on where it was stopped, in the transform and in the load', async () => {
    const cleaning = await load('stopped', inPieces, { stage: 'transform', rows: 1_000 });
    expect(cleaning).toMatchObject({ status: 'failed', stage: 'transform', error_code: 'interrupted' });
    // A run that has loaded nothing begins anew.
    const loading = await load('stopped', inPieces, { stage: 'load', rows: 600 });
    expect(loading).toMatchObject({ status: 'failed', stage: 'load' });
    const last = await load('stopped', inPieces);
    expect(last).toMatchObject({ status: 'success', run_id: loading.run_id, resumed: true });
    const [found] = await target.sql`SELECT count(*) AS n, count(DISTINCT id) AS ids FROM stopped`;
    expect(found).toEqual({ n: String(last.rows_loaded), ids: String(last.rows_loaded) });
  });
});
