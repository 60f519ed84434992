import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DuckDbSession, openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { quoteText } from '../../lib/duckdb/quote.ts';

let folder: string;
let outside: string;
let session: DuckDbSession;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'duckdb-'));
  outside = await mkdtemp(join(tmpdir(), 'outside-'));
  await writeFile(join(folder, 'a.csv'), 'x\n1\n');
  await writeFile(join(outside, 'b.csv'), 'x\n2\n');
  session = await openDuckDb({
    allowedDirs: [folder],
    allowedFiles: [join(outside, 'b.csv')],
    tempDir: folder,
    threads: 1,
  });
});

afterEach(async () => {
  session.close();
  await rm(folder, { recursive: true });
  await rm(outside, { recursive: true });
});

test('an allowed folder and an allowed file are read, their neighbours are refused', async () => {
  await writeFile(join(outside, 'c.csv'), 'x\n3\n');
  const read = (path: string) => session.rows(`SELECT x::INTEGER AS x FROM read_csv(${quoteText(path)})`);
  expect(await read(join(folder, 'a.csv'))).toEqual([{ x: 1 }]);
  expect(await read(join(outside, 'b.csv'))).toEqual([{ x: 2 }]);
  await expect(read(join(outside, 'c.csv'))).rejects.toThrow(/Permission Error/);
  await expect(read(`${folder}/../${outside.split('/').at(-1)}/c.csv`)).rejects.toThrow(/Permission Error/);
  await expect(session.run(`COPY (SELECT 1) TO ${quoteText(join(outside, 'd.csv'))}`)).rejects.toThrow(/Permission/);
});

test('no statement opens the doors again', async () => {
  await expect(session.run('SET enable_external_access = true')).rejects.toThrow();
  await expect(session.run("SET GLOBAL allowed_directories = ['/']")).rejects.toThrow();
  await expect(session.run('SET lock_configuration = false')).rejects.toThrow();
  await expect(session.run("SET memory_limit = '1TB'")).rejects.toThrow();
  await expect(session.run('INSTALL httpfs')).rejects.toThrow();
  await expect(session.run(`ATTACH ${quoteText(join(outside, 'x.db'))}`)).rejects.toThrow();
});

test('every connection of a session keeps time in UTC and has the same locks', async () => {
  const second = await session.connect();
  const reader = await second.runAndReadAll("SELECT current_setting('TimeZone') AS zone");
  expect(reader.getRowObjects()).toEqual([{ zone: 'UTC' }]);
  await expect(second.run("SET TimeZone = 'Asia/Tokyo'")).rejects.toThrow();
});

test('a folder that is reached through a link may be named either way', async () => {
  const link = `${folder}-link`;
  await symlink(folder, link);
  const linked = await openDuckDb({ allowedDirs: [link], tempDir: folder, threads: 1 });
  try {
    for (const path of [join(link, 'a.csv'), join(folder, 'a.csv')]) {
      expect(await linked.rows(`SELECT count(*)::INTEGER AS n FROM read_csv(${quoteText(path)})`)).toEqual([{ n: 1 }]);
    }
  } finally {
    linked.close();
    await rm(link);
  }
});

test('an abort ends a running statement with the reason of the signal', async () => {
  const controller = new AbortController();
  const other = await openDuckDb({ allowedDirs: [], tempDir: folder, threads: 1, signal: controller.signal });
  try {
    const long = other.rows(
      'SELECT count(*) FROM range(100000000) a, range(100000) b WHERE (a.range + b.range) % 7 = 3',
    );
    const failed = expect(long).rejects.toThrow('stopped by hand');
    controller.abort(new Error('stopped by hand'));
    await failed;
    await expect(other.run('SELECT 1')).rejects.toThrow('stopped by hand');
  } finally {
    other.close();
  }
});

test('a session that is closed under a statement ends the statement, and those that wait', async () => {
  const slow = session.rows('SELECT count(*) FROM range(200000) a(i), range(200000) b(j) WHERE (i * j) % 7 = 3');
  const next = session.rows('SELECT 1');
  // The first one has begun by then.
  await new Promise(setImmediate);
  const ended = Promise.allSettled([slow, next]);
  session.close();
  expect(await ended).toMatchObject([
    { status: 'rejected', reason: { message: expect.stringMatching(/interrupt/i) } },
    { status: 'rejected', reason: { message: 'The DuckDB session is closed.' } },
  ]);
}, 5_000);
