import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import type { RunResult } from '../../lib/run/result.ts';
import type { S3Reader } from '../../lib/s3-reader.ts';
import { transformInPieces } from '../../lib/scatter/transform-in-pieces.ts';
import { type CountedS3, countedS3 } from '../support/aws/counted-s3.ts';
import { startHeld } from '../support/held-child.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';
import { runFile } from '../support/run-file.ts';

let target: LocalTarget;
let source: CountedS3;

beforeAll(async () => {
  target = await localTarget();
  source = await countedS3();
});

afterAll(async () => {
  await source?.close();
  await target?.remove();
});

const rows = 5_000;
const chunkRows = 1_000;
const csvOf = (word: string, count = rows): string =>
  `id,name\n${Array.from({ length: count }, (_, i) => `${i},${word} ${i}\n`).join('')}`;

/** A Parquet file of three row groups. */
async function parquet(): Promise<Buffer> {
  const session = await openDuckDb({ allowedDirs: [target.folder], allowedFiles: [], tempDir: target.folder });
  try {
    const file = path.join(target.folder, 'rows.parquet');
    const select = `SELECT i AS id, 'p ' || i AS name FROM range(${rows}) AS t(i)`;
    await session.run(`COPY (${select}) TO '${file}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`);
    return readFileSync(file);
  } finally {
    session.close();
  }
}

interface Asked {
  readonly settings?: string;
  /** Stops the load when so many rows are loaded. */
  readonly stopAt?: number;
  readonly again?: boolean;
  readonly inPieces?: boolean;
  readonly s3?: S3Reader;
  readonly onLoad?: (folder: string) => void;
  readonly onTransform?: (folder: string) => void;
}

/** Loads an object, or all below a prefix, into a table. */
async function load(table: string, key: string, asked: Asked = {}): Promise<RunResult> {
  const folder = path.join(target.folder, table);
  mkdirSync(folder, { recursive: true });
  const stopping = new AbortController();
  return await runFile(target, {
    folder,
    file: `s3://source/${key}`,
    table,
    chunkRows,
    connections: 1,
    settings: asked.settings ?? 'load_mode: insert',
    again: asked.again,
    ...(asked.inPieces === true ? { inPieces: transformInPieces } : {}),
    s3: asked.s3 ?? source.s3,
    signal: stopping.signal,
    onProgress: ({ rows: loaded, stage }) => {
      if (stage === 'transform' && loaded > 0) asked.onTransform?.(folder);
      if (stage === 'load' && loaded === 0) asked.onLoad?.(folder);
      if (stage === 'load' && loaded === asked.stopAt) stopping.abort(new Error('Stopped.'));
    },
  });
}

const inPieces = 'load_mode: insert, pieces_above_mb: 0.001, piece_mb: 0.02';

async function rowsOf(table: string): Promise<readonly string[]> {
  const found = await target.sql.unsafe<{ line: string }[]>(
    `SELECT (to_jsonb(t) - 'created_at' - 'updated_at' - 'extracted_at')::text AS line FROM ${table} AS t`,
  );
  return found.map(({ line }) => line).sort();
}

async function namesOf(table: string): Promise<{ readonly n: number; readonly words: readonly string[] }> {
  const found = await target.sql.unsafe<{ name: string }[]>(`SELECT name FROM ${table}`);
  return { n: found.length, words: [...new Set(found.map(({ name }) => name.replace(/ \d+$/, '')))].sort() };
}

/** Reads as the client does, and does something before the n-th request for bytes. */
function readerThat(n: number, act: () => Promise<void>): S3Reader {
  let reads = 0;
  return {
    headObject: (input) => source.s3.headObject(input),
    listObjectsV2: (input) => source.s3.listObjectsV2(input),
    getObject: async (input, options) => {
      reads += 1;
      if (reads === n) await act();
      return await source.s3.getObject(input, options);
    },
  };
}

describe('objects of S3 that need no conversion', () => {
  it('are loaded without a copy: one look at each, and its bytes once', async () => {
    await source.put({ 'plain/day=1/a.csv': csvOf('a'), 'plain/day=2/b.csv': csvOf('b'), 'plain/day=2/empty.csv': '' });
    let kept: readonly string[] = [];
    const result = await load('plain', 'plain/', {
      settings: 'load_mode: insert, hive_partitions: true',
      onLoad: (folder) => {
        kept = readdirSync(path.join(folder, 'state'), { recursive: true, encoding: 'utf8' });
        expect(readdirSync(path.join(folder, 'scratch')).filter((name) => name.startsWith('source'))).toEqual([]);
      },
    });
    expect(result).toMatchObject({ status: 'success', rows_read: 2 * rows, rows_loaded: 2 * rows });
    const asked = source.asked();
    expect(asked.filter((one) => !/^(GET|HEAD) /.test(one))).toEqual([]);
    const gets = asked.filter((one) => one.startsWith('GET /source/plain'));
    const a = 'GET /source/plain/day=1/a.csv';
    const b = 'GET /source/plain/day=2/b.csv';
    expect(gets.sort()).toEqual([a, a, b, b]);
    expect(kept.filter((name) => /raw\/.*part/.test(name))).toEqual([]);
    expect(await target.sql`SELECT day, count(*) AS n FROM plain GROUP BY day ORDER BY day`).toMatchObject([
      { day: '1', n: String(rows) },
      { day: '2', n: String(rows) },
    ]);
  });

  it('give the same rows and ids in pieces, of which each asks for its own bytes', async () => {
    const quoted = `id,name\n${Array.from({ length: rows }, (_, i) => `${i},"x\n ${i}"\n`).join('')}`;
    const lines = Array.from({ length: rows }, (_, i) => `{"id":${i},"name":"n ${i}"}\n`).join('');
    for (const [kind, text] of [
      ['csv', Buffer.from(quoted)],
      ['ndjson', Buffer.from(lines)],
      ['parquet', await parquet()],
    ] as const) {
      await source.put({ [`both/rows.${kind}`]: text });
      const key = `both/rows.${kind}`;
      expect(await load(`whole_${kind}`, key)).toMatchObject({ status: 'success', rows_loaded: rows });
      source.asked();
      expect(await load(`pieces_${kind}`, key, { settings: inPieces, inPieces: true })).toMatchObject({
        status: 'success',
        rows_loaded: rows,
      });
      const asked = source.asked();
      expect(asked.filter((one) => !/^(GET|HEAD) /.test(one))).toEqual([]);
      expect(asked.length).toBeGreaterThan(kind === 'parquet' ? 5 : 6);
      expect(await rowsOf(`pieces_${kind}`)).toEqual(await rowsOf(`whole_${kind}`));
    }
  });

  it('are copied whole for their slice alone, where they are small', async () => {
    const keys = [0, 1, 2, 3, 4, 5, 6].map((i) => `small/${i}.csv`);
    await source.put(Object.fromEntries(keys.map((key) => [key, csvOf(key, 500)])));
    const seen = new Set<string>();
    const result = await load('small', 'small/', {
      settings: inPieces,
      inPieces: true,
      onTransform: (folder) => {
        for (const name of readdirSync(path.join(folder, 'scratch'))) seen.add(name.replace(/-.*/, ''));
      },
    });
    expect(result).toMatchObject({ status: 'success', rows_loaded: 7 * 500 });
    expect([...seen]).toEqual(['scatter']);
    const asked = source.asked().filter((one) => one.startsWith('GET /source/small'));
    // The start of each, and its bytes for survey and clean.
    expect(asked.sort()).toEqual(keys.flatMap((key) => Array(3).fill(`GET /source/${key}`)));
  });

  it('are known as loaded when the source crosses the threshold of pieces, and doubled on no way', async () => {
    await source.put({ 'cross.csv': csvOf('a') });
    expect(await load('crossed', 'cross.csv')).toMatchObject({ status: 'success', rows_loaded: rows });
    const before = await rowsOf('crossed');
    const piecewise = { settings: inPieces, inPieces: true };
    expect(await load('crossed', 'cross.csv', piecewise)).toMatchObject({
      status: 'skipped',
      error_code: 'already_loaded',
    });
    expect(await load('crossed', 'cross.csv', { ...piecewise, again: true })).toMatchObject({ status: 'success' });
    expect(await rowsOf('crossed')).toEqual(before);
    expect(await load('crossed', 'cross.csv')).toMatchObject({ status: 'skipped' });
  });
});

describe('an object that is written again while a run is under way', () => {
  it.each([
    ['in one go', {}, 'gone'],
    ['in pieces', { settings: inPieces, inPieces: true }, 'gone_pieces'],
  ])('before its rows are read fails the run %s; the next one loads what is there then', async (_, how, table) => {
    await source.put({ 'moving.csv': csvOf('old') });
    // The first request looks at the start; the object changes before a later one.
    const s3 = readerThat('inPieces' in how ? 4 : 2, () => source.put({ 'moving.csv': csvOf('new', 300) }));
    const failed = await load(table, 'moving.csv', { ...how, s3 });
    expect(failed).toMatchObject({
      status: 'failed',
      stage: 'transform',
      error_code: 'object_changed',
      rows_loaded: 0,
    });
    expect(failed.error_message).toContain('s3://source/moving.csv');
    expect(await load(table, 'moving.csv', how)).toMatchObject({ status: 'success', resumed: false, rows_loaded: 300 });
    expect(await namesOf(table)).toEqual({ n: 300, words: ['new'] });
  });

  it('after its rows were decided about does not concern the run, and is loaded by the next', async () => {
    await source.put({ 'later.csv': csvOf('old') });
    const settings = 'load_mode: upsert, key_columns: [id]';
    let written: Promise<void> | undefined;
    const onLoad = (): void => {
      written ??= source.put({ 'later.csv': csvOf('new') });
    };
    expect(await load('later', 'later.csv', { settings, onLoad })).toMatchObject({ status: 'success' });
    await written;
    expect(await namesOf('later')).toEqual({ n: rows, words: ['old'] });
    expect(await load('later', 'later.csv', { settings })).toMatchObject({ status: 'success', rows_updated: rows });
    expect(await namesOf('later')).toEqual({ n: rows, words: ['new'] });
  });
});

describe('a run that was interrupted in the middle of its load', () => {
  it('goes on without asking for the bytes of its objects, where they are the same', async () => {
    await source.put({ 'same.csv': csvOf('a') });
    const stopped = await load('same', 'same.csv', { stopAt: 2 * chunkRows });
    expect(stopped).toMatchObject({ status: 'failed', error_code: 'interrupted' });
    source.asked();
    expect(await load('same', 'same.csv')).toMatchObject({ status: 'success', resumed: true, run_id: stopped.run_id });
    expect(source.asked()).toEqual(['HEAD /source/same.csv']);
    expect(await namesOf('same')).toEqual({ n: rows, words: ['a'] });
  });

  it.each([
    ['insert', 'load_mode: insert', 'insert_after'],
    ['upsert', 'load_mode: upsert, key_columns: [id]', 'upsert_after'],
    ['replace', 'load_mode: replace, key_columns: [id]', 'replace_after'],
  ])('is closed where the object is another one, and %s holds the new rows alone', async (_, settings, table) => {
    await source.put({ 'other.csv': csvOf('old') });
    const stopped = await load(table, 'other.csv', { settings, stopAt: 2 * chunkRows });
    expect(stopped).toMatchObject({ status: 'failed', rows_loaded: 2 * chunkRows });
    await source.put({ 'other.csv': csvOf('new') });
    expect(await load(table, 'other.csv', { settings })).toMatchObject({ status: 'success', resumed: false });
    expect(await namesOf(table)).toEqual({ n: rows, words: ['new'] });
  });

  it('does not go on while the object is gone, and does when it is back', async () => {
    await source.put({ 'back.csv': csvOf('a') });
    const stopped = await load('back', 'back.csv', { stopAt: 2 * chunkRows });
    await source.remove('back.csv');
    expect(await load('back', 'back.csv')).toMatchObject({ status: 'failed', error_code: 'file_not_found' });
    await source.put({ 'back.csv': csvOf('a') });
    expect(await load('back', 'back.csv')).toMatchObject({ status: 'success', run_id: stopped.run_id });
    expect(await namesOf('back')).toEqual({ n: rows, words: ['a'] });
  });

  it.each([
    ['in one go', 'the same', 'old', true, false],
    ['in one go', 'another one', 'new', false, false],
    ['in pieces', 'the same', 'old', true, true],
    ['in pieces', 'another one', 'new', false, true],
  ])('by a kill, %s, loads every row once where the object is %s', async (_, __, word, resumed, pieces) => {
    const table = `killed_${word}_${pieces}`;
    await source.put({ 'killed.csv': csvOf('old', 300) });
    const folder = path.join(target.folder, table);
    mkdirSync(folder, { recursive: true });
    const settings = `load_mode: insert, batch_rows: 100${pieces ? ', pieces_above_mb: 0.001, piece_mb: 0.001' : ''}`;
    const config = `pipelines: { ${table}: { source_type: file, file_path: s3://source/killed.csv, target_table: ${table}, ${settings} } }`;
    let copies = 0;
    const child = await startHeld(
      target,
      'run-child.mjs',
      { folder, config, connections: 1, chunkRows: 100, s3: source.options, inPieces: pieces },
      (___, statement) => {
        if (statement.startsWith(`COPY "public"."${table}"`)) copies += 1;
        return copies === 3;
      },
    );
    expect(await child.reached).toBe('held');
    await child.kill();
    if (word === 'new') await source.put({ 'killed.csv': csvOf('new', 300) });
    const next = await load(table, 'killed.csv', { settings, inPieces: pieces });
    expect(next).toMatchObject({ status: 'success', resumed });
    expect(await namesOf(table)).toEqual({ n: 300, words: [word] });
  });
});
