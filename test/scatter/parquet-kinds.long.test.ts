import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { quoteText } from '../../lib/duckdb/quote.ts';
import type { TransformSettings } from '../../lib/transform/request.ts';
import type { Input } from '../transform/support/stage.ts';
import { expectSameInPieces } from './support/compare.ts';

let folder: string;
let inputs: readonly Input[];

const rows = 12_000;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parquet-pieces-'));
  inputs = ['0', '1'].map((name) => ({ format: 'parquet', path: join(folder, `${name}.parquet`) }));
  const session = await openDuckDb({ allowedDirs: [folder], tempDir: folder });
  try {
    for (const [file, { path = '' }] of inputs.entries()) {
      // Every 97th row repeats an earlier one; the second file has a column of its own, and wider numbers.
      const of = `(SELECT CASE WHEN i % 97 = 96 THEN i - 90 ELSE i END AS i FROM range(${rows}) AS r(i))`;
      await session.run(
        `COPY (SELECT (i % 9000)::${file === 0 ? 'INTEGER' : 'BIGINT'} AS id, i * 1.25 AS amount, DATE '2025-01-01' + (i % 300)::INTEGER AS day,
             {name: 'n' || i % 50, place: {lat: i / 7, label: CASE WHEN i % 5 = 0 THEN NULL ELSE 'l' || i END}} AS who,
             CASE WHEN i % 11 = 0 THEN NULL ELSE [{sku: 's' || i % 7, qty: i % 3}, {sku: 't', qty: NULL}][1:(i % 3)::INTEGER] END AS lines
             ${file === 0 ? '' : ", 'late' || i AS added"} FROM ${of})
         TO ${quoteText(path)} (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
      );
    }
  } finally {
    session.close();
  }
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const kinds: Readonly<Record<string, Partial<TransformSettings>>> = {
  'with its own types, structs and lists': { deduplicate: true },
  'with a key, rules and a contract': {
    load_mode: 'upsert',
    key_columns: ['id'],
    latest_by: 'amount',
    deduplicate: true,
    columns: { amount: 'numeric(6,2)', day: { rename: 'on_day' }, who: { drop: true } },
    business_rules: [
      { type: 'filter', condition: 'id % 7 > 0' },
      { type: 'expect', condition: 'amount < 14000', on_failure: 'reject' },
      { type: 'mask', column: 'added', method: 'hash' },
    ],
  },
  'with structs spread': { flatten: 2, deduplicate: true, exclude: ['lines'] },
  'with a row for each element': { explode: 'lines', flatten: 1, deduplicate: true },
  'with a row for each element, by a key': {
    explode: { path: 'lines', on_empty: 'filter' },
    flatten: 1,
    load_mode: 'replace',
    key_columns: ['id', 'lines.sku'],
    deduplicate: true,
  },
};

describe('Parquet of many row groups is the same in pieces', { timeout: 300_000 }, () => {
  for (const [name, settings] of Object.entries(kinds)) {
    test(name, async () => {
      const { manifest } = await expectSameInPieces(inputs, { partBytes: 90_000, settings });
      expect(manifest.counts.rows_deduplicated).toBeGreaterThan(200);
      expect(manifest.counts.rows_read).toBeGreaterThanOrEqual(2 * rows);
    });
  }
});
