import { symlinkSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { copyGiven, extract } from '../../lib/extract/extract.ts';
import type { ExtractRequest, FileToCopy } from '../../lib/extract/request.ts';
import type { RawManifest } from '../../lib/manifest.ts';
import { setup } from './extract-setup.ts';

type Bodies = Readonly<Record<string, string | Buffer>>;

const lines = (file: number): string =>
  `id,name\n${Array.from({ length: 50 }, (_, row) => `${file * 100 + row},"é\n${row}"\n`).join('')}`;

/** Texts of every kind that has to be copied, and one that has not. */
const csv: Bodies = {
  ...Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`a${at + 10}.csv.gz`, gzipSync(lines(at))])),
  'b.csv': lines(30),
  'c.csv': Buffer.from(`\ufeff${lines(31)}`, 'utf16le'),
  'd.csv': '',
  'e.csv.gz': gzipSync(Buffer.concat([Buffer.from(lines(32)), Buffer.from('9,\xff\n', 'latin1')])),
  // A row that is not UTF-16.
  'f.csv': Buffer.from(`\ufeff${lines(33)}8,\ud800\n`, 'utf16le'),
};
const documents: Bodies = {
  'a.json': '[{"id":1},null,{"id":2}]',
  'b.json.gz': gzipSync('[{"id":3}]'),
  'c.ndjson': '{"id":4}\n',
  'd.json': '[]',
  'e.json': '[{"id":5},7]',
};

async function source(bodies: Bodies, settings: object = {}) {
  const { request } = setup({ source_type: 'file', file_path: 'in', ...settings });
  await mkdir(path.join(request.baseDir, 'in'));
  for (const [name, body] of Object.entries(bodies)) await writeFile(path.join(request.baseDir, 'in', name), body);
  return request;
}

/** Extracts, and keeps what is given to others. */
async function giving(request: ExtractRequest) {
  const given: FileToCopy[] = [];
  const copiers = { take: () => true, give: async (files: readonly FileToCopy[]) => void given.push(...files) };
  return { raw: await extract({ ...request, copiers }), given };
}

/** What a run has of its source: the manifest but for its moment, and the bytes of its parts. */
async function leftBy({ store }: ExtractRequest, raw: RawManifest): Promise<unknown> {
  const { extracted_at: _, ...rest } = raw;
  const files = [...raw.parts.filter(({ local }) => !local), ...raw.rejected].map(({ location }) => location);
  const bytes = await Promise.all(files.map(async (key) => await readFile(await store.localPath(key), 'utf8')));
  return JSON.parse(JSON.stringify([rest, bytes]));
}

describe('files that others copy', () => {
  it.each([
    ['packed and in another encoding', csv, 23],
    ['JSON documents', documents, 4],
  ])('give what one call gives: %s', async (_, bodies, count) => {
    const request = await source(bodies);
    const alone = await extract(request);
    expect([alone.complete, alone.rejected.length > 0]).toEqual([true, true]);
    const apart = { ...request, prefix: 'runs/r2' };
    const { given, raw } = await giving(apart);
    expect([raw.complete, raw.parts, given.length]).toEqual([false, [], count]);
    for (const one of given.toReversed()) expect(await copyGiven(apart, { files: [one], done: 0 })).toBe(1);
    const { given: none, raw: whole } = await giving(apart);
    expect(none).toEqual([]);
    const renamed = JSON.parse(JSON.stringify(await leftBy(apart, whole)).replaceAll('runs/r2', 'runs/r1')) as unknown;
    expect(renamed).toEqual(await leftBy(request, alone));
  });

  it('are given once more where they were not copied, and no others', async () => {
    const request = await source(csv);
    const { given } = await giving(request);
    expect(await copyGiven(request, { files: given, done: given.length - 2 })).toBe(given.length);
    const { given: again, raw } = await giving(request);
    expect([raw.complete, again]).toEqual([false, given.slice(0, -2)]);
  });

  it('have the same bytes when a call is repeated whose last write was lost', async () => {
    const request = await source(csv);
    const { given } = await giving(request);
    const lost = {
      ...request,
      store: { ...request.store, put: async () => Promise.reject(new Error('killed')) },
    };
    const [, , third] = given;
    if (third === undefined) throw new Error('three files are given');
    const part = path.join(request.baseDir, '.etl/runs/r1/raw/part-00002.csv');
    await expect(copyGiven(lost, { files: [third], done: 0 })).rejects.toThrow('killed');
    const first = await readFile(part);
    await writeFile(part, 'half of');
    await copyGiven(request, { files: [third], done: 0 });
    expect(await readFile(part)).toEqual(first);
    expect(await readdir(path.join(request.baseDir, '.etl/runs/r1/raw'))).toContain('copies');
  });

  it('stop before the time is up, and go on in the next call', async () => {
    const request = await source(csv);
    const { given } = await giving(request);
    const clock = request.clock as unknown as { readonly pass: (ms: number) => void };
    const now = request.clock.now().getTime();
    const late = {
      ...request,
      copyDeadline: (bytes: number) => new Date(now + 1_000 - bytes / 1e9),
      deadline: new Date(now + 1_000),
      onProgress: () => clock.pass(400),
    };
    const done = await copyGiven(late, { files: given, done: 3 });
    expect(done).toBeGreaterThan(3);
    expect(done).toBeLessThan(given.length);
    await expect(copyGiven(late, { files: given, done })).rejects.toMatchObject({
      code: 'file_too_slow',
      message: expect.stringContaining('Split it into several files'),
    });
  });

  it('count against max_bytes together, as they do in one call', async () => {
    const bodies = {
      'a.csv.gz': gzipSync('id\n1\n'),
      'b.csv.gz': gzipSync('id\n2\n'),
      'c.csv.gz': gzipSync('id\n3\n'),
    };
    const request = await source(bodies, { max_bytes: 12 });
    const alone = await extract({ ...request, prefix: 'runs/r2' }).catch((error: Error) => error.message);
    const { given } = await giving(request);
    await copyGiven(request, { files: given, done: 0 });
    await expect(giving(request)).rejects.toThrow(String(alone));
    expect(alone).toContain('c.csv.gz');
  });

  it('say what to do where the disk is too small, and where they hold many files', async () => {
    const tar = Buffer.alloc(1_024);
    tar.write('rows.csv');
    tar.write('ustar', 257);
    const request = await source({ 'a.csv.gz': gzipSync(tar), 'b.csv.gz': gzipSync('id\n1\n') });
    const { given } = await giving(request);
    await expect(copyGiven(request, { files: given, done: 0 })).rejects.toThrow(
      'holds a tar archive when unpacked. Unpack it, pack each file in it by itself',
    );
    const full = path.join(request.baseDir, 'full');
    symlinkSync('/dev/full', full);
    const store = { ...request.store, scratchPath: async () => full };
    await expect(copyGiven({ ...request, store }, { files: given, done: 1 })).rejects.toMatchObject({
      code: 'file_beyond_disk',
      message: expect.stringContaining('deploy.extract.scratch_mb'),
    });
    const named = await source({ 'a.tar.gz': gzipSync(tar) });
    await expect(extract(named)).rejects.toThrow('It is an archive. Unpack it');
  });
});
