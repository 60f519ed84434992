import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi } from '../extract/extract-setup.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';

let space: InProcess;

beforeAll(async () => {
  space = await inProcess();
});

afterAll(async () => {
  await space.remove();
});

describe('a Parquet file', () => {
  it('makes the same table from a response as from a folder', async () => {
    const file = path.join(space.folder, 'f.parquet');
    const connection = await (await DuckDBInstance.create()).connect();
    await connection.run(
      `COPY (SELECT range AS id, 9007199254740993 + range AS big, (range * 1.10)::DECIMAL(18, 2) AS price, 'é' || range AS name,
              TIMESTAMPTZ '2026-01-01 00:00:00Z' + INTERVAL 1 SECOND * range AS at, NULLIF(range, 3) AS gap
         FROM range(3000)) TO '${file}' (FORMAT parquet)`,
    );
    connection.closeSync();
    const api = await startApi((_, response) => void response.end(readFileSync(file)));
    space.write(
      'etl.yaml',
      `data_source: { base_url: "${api.url}" }
pipelines:
  answer: { source_type: api, endpoint: f, format: parquet, load_mode: replace, key_columns: [id], target_table: answer }
  file: { source_type: file, file_path: f.parquet, load_mode: replace, key_columns: [id], target_table: file }
`,
    );
    const runs = await space.run();
    expect(runs.map(({ rows_loaded, status }) => [status, rows_loaded])).toEqual([
      ['success', 3_000],
      ['success', 3_000],
    ]);
    const columns = (table: string) =>
      space.sql(
        `SELECT attname, atttypid::regtype::text AS type FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attnum > 0 ORDER BY attnum`,
      );
    expect(await columns('answer')).toEqual(await columns('file'));
    const rows = (table: string) => space.sql(`SELECT id, big, price, name, at, gap FROM ${table} ORDER BY id`);
    expect(await rows('answer')).toEqual(await rows('file'));
  }, 60_000);
});
