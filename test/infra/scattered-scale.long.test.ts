import { createReadStream, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Upload } from '@aws-sdk/lib-storage';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type MachineFigures, machineFile } from '../../bench/support/machine-figures.ts';
import { writePieceData } from '../../bench/support/piece-data.ts';
import { maxRecordBytes } from '../../lib/record-limit.ts';
import { type BothWays, deployBothWays } from '../support/aws/both-ways.ts';
import { type CallFigures, measureCalls } from '../support/aws/measured-calls.ts';
import { maxHistoryEvents, maxPayloadBytes } from '../support/states-interpreter/walk.ts';

/*
 * As many rows as SCATTERED_ROWS says through the whole state machine, and what each function takes. The figures of
 * docs/scale.md, of 10,000,000 rows: some half an hour, and 40 GB of the folder in TMPDIR.
 */
const rows = Number(process.env.SCATTERED_ROWS ?? 60_000);
/** 128, the default, of 10,000,000 rows: as many slices of fewer. */
const pieceMb = Math.max(1, Math.min(128, rows / 78_125));
/** Behind a slice of CSV a call reads as much as the longest record may have, and 4 MiB. */
const behindSlice = maxRecordBytes + 4 * 2 ** 20;
const memoryMb = 1_024;

let folder: string;
let both: BothWays;
let bytes: number;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'etl-scale-'));
  const csv = await writePieceData(folder, rows);
  bytes = statSync(csv).size;
  const settings = [
    'source_type: file, file_path: s3://incoming/source.csv, load_mode: upsert, key_columns: [id], deduplicate: true',
    `columns: { quantity: bigint }, business_rules: [{ type: filter, condition: "status != 'void'" }`,
    `{ type: enrich, new_column: label, logic: "name + ' (' + region + ')'" }]`,
  ].join(', ');
  both = await deployBothWays({ rows: { settings, piece_mb: pieceMb } }, '', {
    chunk_rows: 80_000,
    // So that a call takes one slice or bucket, as with the default for a source of this size.
    scatter_concurrency: 8,
    run_timeout_minutes: 1_440,
    extract: { memory_mb: memoryMb },
    scatter: { memory_mb: memoryMb },
    load: { memory_mb: memoryMb },
  });
  const params = { Bucket: 'incoming', Key: 'source.csv', Body: createReadStream(csv) };
  await new Upload({ client: both.service.aws.s3, params, partSize: 32 * 1024 * 1024 }).done();
  rmSync(csv);
}, 3_600_000);

afterAll(async () => {
  await both?.close();
  rmSync(folder, { recursive: true, force: true });
});

it('many rows leave the state machine the same in pieces as in one go, each function within its memory', async () => {
  const taken = measureCalls(both.service);
  let began = 0;
  const { buckets, left, outcome, slices } = await both.expectSame('rows', {
    rowsAs: 'sum',
    between: () => {
      tell(taken());
      began = performance.now();
    },
  });
  const seconds = Math.round((performance.now() - began) / 1000);
  const calls = taken();
  tell(calls);
  expect(left.log).toMatchObject([{ status: 'success', rows_read: String(rows), rows_rejected: String(rows / 1_000) }]);
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

function tell(calls: readonly CallFigures[]): void {
  for (const call of calls) process.stderr.write(`${JSON.stringify(call)}\n`);
}
