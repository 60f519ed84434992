import { createReadStream, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Upload } from '@aws-sdk/lib-storage';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type MachineFigures, machineFile } from '../../bench/support/machine-figures.ts';
import { writePieceData } from '../../bench/support/piece-data.ts';
import { openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { quoteText } from '../../lib/duckdb/quote.ts';
import { maxRecordBytes } from '../../lib/record-limit.ts';
import { type BothWays, deployBothWays } from '../support/aws/both-ways.ts';
import { measureCalls } from '../support/aws/measured-calls.ts';
import { maxHistoryEvents, maxPayloadBytes } from '../support/states-interpreter/walk.ts';

/*
 * As many rows as SCATTERED_ROWS says through the whole state machine, with functions as large as they are by default, and
 * what each of them takes. The table in docs/scale.md is of 10,000,000 rows, which need some 15 GB in TMPDIR.
 */
const rows = Number(process.env.SCATTERED_ROWS ?? 60_000);
/** 128, the default, of 10,000,000 rows: as many slices of fewer. */
const pieceMb = Math.max(1, Math.min(128, rows / 78_125));
/** Behind a slice of CSV a call reads as much as the longest record may have, and 4 MiB. */
const behindSlice = maxRecordBytes + 4 * 2 ** 20;
/** Of all rows that are loaded, as SQL: how many there are, and what tells which ones, with values of the last of each key. */
const sums = 'count(*) AS n, sum(id) AS ids, sum(amount) AS amounts, sum(quantity) AS quantities, sum(note) AS notes';

let expected: readonly string[];
let folder: string;
let both: BothWays;
let bytes: number;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'etl-scale-'));
  const csv = await writePieceData(folder, rows);
  bytes = statSync(csv).size;
  expected = await sumsOf(csv);
  const settings = [
    'source_type: file, file_path: s3://incoming/source.csv, load_mode: upsert, key_columns: [id], deduplicate: true',
    `columns: { quantity: bigint }, business_rules: [{ type: filter, condition: "status != 'void'" }`,
    `{ type: enrich, new_column: label, logic: "name + ' (' + region + ')'" }]`,
  ].join(', ');
  // So many at once that a call takes one slice or bucket, as it does of a source of this size by default.
  const sizes = { chunk_rows: 80_000, scatter_concurrency: 8, run_timeout_minutes: 1_440 };
  both = await deployBothWays({ rows: { settings, piece_mb: pieceMb } }, '', sizes);
  const params = { Bucket: 'incoming', Key: 'source.csv', Body: createReadStream(csv) };
  await new Upload({ client: both.service.aws.s3, params, partSize: 32 * 1024 * 1024 }).done();
  rmSync(csv);
}, 3_600_000);

afterAll(async () => {
  await both?.close();
  rmSync(folder, { recursive: true, force: true });
});

it('many rows go through the state machine in pieces, each function within its memory and none with all of them', async () => {
  const taken = measureCalls(both.service);
  const began = performance.now();
  const { buckets, left, outcome, slices } = await both.inPieces('rows', 'sum');
  const seconds = Math.round((performance.now() - began) / 1000);
  const calls = taken();
  for (const call of calls) process.stderr.write(`${JSON.stringify(call)}\n`);
  process.stderr.write(`${JSON.stringify({ seconds, slices, buckets, log: left.log })}\n`);
  const [loaded] = await both.service.target.sql.unsafe<Record<string, string>[]>(
    `SELECT ${sums} FROM (SELECT id, amount, quantity, length(note) AS note FROM pieces_rows) AS t`,
  );
  expect(Object.values(loaded ?? {}).map(Number)).toEqual(expected.map(Number));
  const [count] = expected;
  expect(left.log).toMatchObject([
    {
      status: 'success',
      rows_read: String(rows),
      rows_rejected: String(rows / 1_000),
      rows_filtered: String(rows / 50),
      rows_loaded: count,
      rows_inserted: count,
    },
  ]);
  expect(left.rejected).toHaveLength(rows / 1_000);
  for (const { memory_mb, name, peak_mb } of calls) {
    expect(peak_mb, name).toBeGreaterThan(0);
    expect(peak_mb, name).toBeLessThan(memory_mb);
  }
  // No call reads all rows.
  expect(slices).toBeGreaterThan(5);
  const ofSlices = ['scatter survey', 'scatter clean'];
  for (const { most_read, name } of calls.filter((call) => call.name.startsWith('scatter'))) {
    const most = ofSlices.includes(name) ? pieceMb * 2 ** 20 + behindSlice + 100_000 : bytes / 2;
    expect(most_read, name).toBeLessThan(most);
  }
  const events = Math.max(outcome.history.events, ...outcome.mapRuns.map(({ history }) => history.events));
  const payload = Math.max(outcome.history.largestBytes, ...outcome.mapRuns.map(({ history }) => history.largestBytes));
  expect(events).toBeLessThan(maxHistoryEvents / 10);
  expect(payload).toBeLessThan(maxPayloadBytes / 2);
  const figures: MachineFigures = { rows, bytes, slices, buckets, seconds, events, payload, calls };
  if (process.env.WRITE_DOCS === '1') writeFileSync(machineFile, `${JSON.stringify(figures, null, 2)}\n`);
}, 7_200_000);

/** The same of the source, by another way: what fits its columns, by key. */
async function sumsOf(csv: string): Promise<readonly string[]> {
  const session = await openDuckDb({ allowedDirs: [folder], tempDir: folder });
  try {
    const [found] = await session.rows(`
      SELECT ${sums} FROM (
        SELECT id::BIGINT AS id, any_value(amount::DECIMAL(38, 2)) AS amount, any_value(quantity::BIGINT) AS quantity,
               CASE WHEN bool_or(note = 'written again') THEN length('written again') ELSE any_value(length(note)) END AS note
          FROM read_csv(${quoteText(csv)}, header = true, all_varchar = true)
         WHERE status <> 'void' AND quantity <> 'n/a' GROUP BY id)`);
    return Object.values(found ?? {}).map(String);
  } finally {
    session.close();
  }
}
