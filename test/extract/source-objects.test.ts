import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extract, fingerprintSource } from '../../lib/extract/extract.ts';
import { withSourceObjects } from '../../lib/extract/file/source-objects.ts';
import type { ExtractRequest } from '../../lib/extract/request.ts';
import type { RawManifest } from '../../lib/manifest.ts';
import type { ObjectStore } from '../../lib/object-store.ts';
import type { S3Reader } from '../../lib/s3-reader.ts';
import { type CountedS3, countedS3 } from '../support/aws/counted-s3.ts';
import { scratchFolder, setup } from './extract-setup.ts';

let source: CountedS3;

beforeAll(async () => {
  source = await countedS3();
});
afterAll(() => source.close());

function requestFor(file: string | readonly string[], settings: object = {}, more: Partial<ExtractRequest> = {}) {
  return setup({ source_type: 'file', file_path: file, ...settings }, {}, { s3: source.s3, ...more });
}

function storeOf(request: ExtractRequest, manifest: RawManifest): ObjectStore {
  return withSourceObjects(request.store, manifest.parts, { ...request, folder: scratchFolder() });
}

const etagOf = (text: string): string => `"${createHash('md5').update(text).digest('hex')}"`;

describe('an object that needs no conversion', () => {
  it('is named with what it has to be still, and not copied', async () => {
    const text = `id,name\n1,Zoë\n${'2,x\n'.repeat(400_000)}`;
    await source.put({ 'year=2026/a.csv': text });
    const { request } = requestFor('s3://source/year=2026/a.csv', { hive_partitions: true, file_name_column: 'file' });
    const manifest = await extract(request);
    // One look for what it is, and one at its first MiB.
    expect(source.asked()).toEqual(['HEAD /source/year=2026/a.csv', 'GET /source/year=2026/a.csv']);
    expect(manifest).toMatchObject({ complete: true, bytes_read: Buffer.byteLength(text) });
    expect(manifest.parts).toEqual([
      expect.objectContaining({
        location: 's3://source/year=2026/a.csv',
        local: false,
        object: { etag: etagOf(text), version_id: undefined },
        bytes: Buffer.byteLength(text),
        partitions: [{ name: 'year', value: '2026' }],
        source_column: 'file',
      }),
    ]);
    const store = storeOf(request, manifest);
    expect(await readFile(await store.localPath('s3://source/year=2026/a.csv'), 'utf8')).toBe(text);
    const piece = path.join(scratchFolder(), 'piece');
    await store.copyRange('s3://source/year=2026/a.csv', 8, 14, piece);
    expect(await readFile(piece, 'utf8')).toBe('1,Zoë');
    expect(Buffer.from(await store.getRange('s3://source/year=2026/a.csv', 0, 7)).toString()).toBe('id,name');
    expect(source.asked()).toEqual(Array(3).fill('GET /source/year=2026/a.csv'));
  });

  it('is NDJSON, CSV with a byte order mark, or Parquet, of which the ends are looked at', async () => {
    await source.put({
      'kinds/a.ndjson': '{"id":1}\n',
      'kinds/b.csv': '\uFEFFid\n1\n',
      'kinds/c.parquet': `PAR1${'-'.repeat(100)}PAR1`,
    });
    for (const key of ['a.ndjson', 'b.csv', 'c.parquet']) {
      const { request } = requestFor(`s3://source/kinds/${key}`);
      const { parts } = await extract(request);
      expect(parts.map(({ object }) => object?.etag)).toEqual([expect.any(String)]);
    }
  });

  it.each([
    ['packed', 'a.csv.gz', gzipSync('id\n1\n'), {}],
    ['in another encoding', 'a.csv', Buffer.from('id,name\n1,Zo\xeb\n', 'latin1'), { encoding: 'windows-1252' }],
    ['in UTF-16', 'b.csv', Buffer.from('\uFEFFid\n1\n', 'utf16le'), {}],
    ['a JSON document', 'a.json', '[{"id":1}]', {}],
  ])('is copied where it is %s', async (_, key, body, settings) => {
    await source.put({ [`other/${key}`]: body });
    const { request } = requestFor(`s3://source/other/${key}`, settings);
    const { parts } = await extract(request);
    expect(parts).toEqual([expect.objectContaining({ location: expect.stringMatching(/^runs\/r1\/raw\/part-00000/) })]);
    expect(parts[0]?.object).toBeUndefined();
  });

  it('is copied for a look at its first rows, and where it may change before it is read', async () => {
    await source.put({ 'look.csv': 'id\n1\n' });
    for (const more of [{ headBytes: 1_000 }, { copyObjects: true }] as const) {
      const { request } = requestFor('s3://source/look.csv', {}, more);
      expect((await extract(request)).parts).toMatchObject([{ location: 'runs/r1/raw/part-00000.csv', local: false }]);
    }
  });

  it('stands beside those that are copied, whose parts have the numbers of their files', async () => {
    await source.put({
      'mix/a.csv': 'id\n1\n',
      'mix/b.csv.gz': gzipSync('id\n2\n'),
      'mix/c.csv': 'id\n3\n',
      'mix/d.csv': '',
    });
    const { folder, request } = requestFor(['s3://source/mix/', 'e.csv']);
    await writeFile(path.join(folder, 'e.csv'), 'id\n4\n');
    const manifest = await extract(request);
    expect(manifest.parts.map(({ location }) => path.basename(location))).toEqual([
      'a.csv',
      'part-00001.csv',
      'c.csv',
      'e.csv',
    ]);
    expect(manifest.warnings).toEqual(['The file s3://source/mix/d.csv is empty and was passed over.']);
    expect(await extract(request)).toEqual(JSON.parse(JSON.stringify(manifest)));
  });

  it.each([
    ['blank', 'blank.csv', ' \n\n', 'empty_file'],
    ['without a byte', 'none.csv', '', 'empty_file'],
    ['of another kind', 'zip.csv', 'PK\u0003\u0004', 'file_not_text'],
    ['no Parquet', 'text.parquet', 'PAR1, but not at its end', 'invalid_parquet'],
    ['too large', 'large.csv', 'id\n1\n2\n3\n', 'too_many_bytes'],
  ])('is refused where it is %s', async (_, key, body, code) => {
    await source.put({ [key]: body });
    const { request } = requestFor(`s3://source/${key}`, { max_bytes: code === 'too_many_bytes' ? 5 : 1_000 });
    await expect(extract(request)).rejects.toMatchObject({ code });
  });

  it('is one of thousands that a call with a deadline looks at one after another', async () => {
    await source.put(Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`many/${i}.csv`, `id\n${i}\n`])));
    const { clock, request } = requestFor('s3://source/many/');
    const deadline = new Date(clock.now().getTime() + 1_000);
    const late = { ...request, deadline, onProgress: () => clock.pass(400) };
    expect(await extract(late)).toMatchObject({ complete: false, parts: [{}, {}, {}] });
    const { complete, parts } = await extract(request);
    expect([complete, parts.map(({ bytes }) => bytes)]).toEqual([true, [5, 5, 5, 5, 5, 5]]);
  });
});

describe('an object that has changed since', () => {
  it('is an error that names it and says what to do', async () => {
    for (const change of ['written', 'deleted'] as const) {
      await source.put({ 'changed.csv': `id\n${randomBytes(8).toString('hex')}\n` });
      const { request } = requestFor('s3://source/changed.csv');
      const store = storeOf(request, await extract(request));
      if (change === 'written') await source.put({ 'changed.csv': 'id\n2\n' });
      else await source.remove('changed.csv');
      const expected = {
        code: 'object_changed',
        message: expect.stringContaining('s3://source/changed.csv was written again or deleted'),
      };
      await expect(store.localPath('s3://source/changed.csv')).rejects.toMatchObject(expected);
      const piece = path.join(scratchFolder(), 'piece');
      await expect(store.copyRange('s3://source/changed.csv', 0, 2, piece)).rejects.toMatchObject(expected);
      await expect(store.getRange('s3://source/changed.csv', 0, 2)).rejects.toMatchObject(expected);
    }
  });

  it('is an error also between two requests for it', async () => {
    const bucket = versionedObject(`id\n${'1\n'.repeat(5 * 1024 * 1024)}`, false);
    const { request } = requestFor('s3://source/long.csv', {}, { s3: bucket.s3 });
    const store = storeOf(request, await extract(request));
    bucket.beforeRead(3, () => bucket.write('id\n2\n'));
    await expect(store.localPath('s3://source/long.csv')).rejects.toMatchObject({ code: 'object_changed' });
  });

  it('is read as it was where the bucket keeps versions', async () => {
    const bucket = versionedObject('id\n1\n', true);
    const { request } = requestFor('s3://source/versioned.csv', {}, { s3: bucket.s3 });
    const manifest = await extract(request);
    expect(manifest.parts).toMatchObject([{ object: { etag: etagOf('id\n1\n'), version_id: 'v1' } }]);
    bucket.write('id\n2\n');
    const store = storeOf(request, manifest);
    expect(await readFile(await store.localPath('s3://source/versioned.csv'), 'utf8')).toBe('id\n1\n');
  });
});

/** One object in a bucket that keeps its versions or not; the local S3 keeps none. */
function versionedObject(first: string, keeps: boolean) {
  const versions = [first];
  let reads = 0;
  let act = { before: 0, what: (): void => undefined };
  const of = (version: string | undefined) => {
    const number = version === undefined ? versions.length : Number(version.slice(1));
    const text = versions[number - 1] ?? '';
    return { ETag: etagOf(text), text, ...(keeps ? { VersionId: `v${number}` } : {}) };
  };
  const s3: S3Reader = {
    headObject: async () => ({ ...of(undefined), ContentLength: of(undefined).text.length }),
    listObjectsV2: async () => ({}),
    getObject: async ({ IfMatch, Range, VersionId }) => {
      reads += 1;
      if (reads === act.before) act.what();
      const { text, ...object } = of(VersionId);
      if (IfMatch !== object.ETag) throw Object.assign(new Error(), { $metadata: { httpStatusCode: 412 } });
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(Range ?? '') ?? [];
      const bytes = Buffer.from(text.slice(Number(from), Number(to) + 1));
      return { ...object, Body: { transformToByteArray: async () => bytes } };
    },
  };
  return {
    s3,
    write: (text: string): void => void versions.push(text),
    /** Does something before the n-th request for bytes. */
    beforeRead: (before: number, what: () => void): void => {
      act = { before, what };
    },
  };
}

describe('the fingerprint of objects', () => {
  it('is of their ETags and sizes, whether they are copied or not', async () => {
    const text = 'id\n1\n';
    await source.put({ 'print/a.csv': text });
    const expected = createHash('sha256')
      .update(`${etagOf(text)}:5`)
      .digest('hex');
    for (const more of [{}, { copyObjects: true }] as const) {
      const { request } = requestFor('s3://source/print/a.csv', {}, more);
      expect((await extract(request)).source_fingerprint).toBe(expected);
      expect((await fingerprintSource(request))?.fingerprint).toBe(expected);
    }
  });

  it('is the same at any size, and wherever the threshold of pieces lies', async () => {
    await source.put({ 'print/b.csv': `id\n${'1\n'.repeat(100)}` });
    const prints: string[] = [];
    for (const settings of [{}, { pieces_above_mb: 0.00001, piece_mb: 0.00001 }]) {
      const { request } = requestFor('s3://source/print/b.csv', settings);
      prints.push((await extract(request)).source_fingerprint);
    }
    expect(prints[1]).toBe(prints[0]);
  });
});
