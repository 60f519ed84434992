import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { S3 } from '@aws-sdk/client-s3';
import { buildApp } from 'fauxqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extract, fingerprintSource } from '../../lib/extract/extract.ts';
import type { S3Reader } from '../../lib/s3-reader.ts';
import { readLines, readRows, setup } from './extract-setup.ts';

const app = buildApp({ logger: false });
let s3: S3;
const bucket = 'source';

beforeAll(async () => {
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  s3 = new S3({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  await s3.createBucket({ Bucket: bucket });
});

afterAll(async () => {
  s3.destroy();
  await app.close();
});

async function put(objects: Readonly<Record<string, string | Buffer>>): Promise<void> {
  for (const [key, body] of Object.entries(objects)) await s3.putObject({ Bucket: bucket, Key: key, Body: body });
}

function s3Setup(filePath: string | readonly string[], changes: Partial<S3Reader> = {}, source: object = {}) {
  const reader: S3Reader = {
    headObject: (input) => s3.headObject(input),
    getObject: (input, options) => s3.getObject(input, options),
    listObjectsV2: (input) => s3.listObjectsV2(input),
    ...changes,
  };
  return setup({ source_type: 'file', file_path: filePath, ...source }, {}, { s3: reader });
}

describe('objects in S3', () => {
  it('that are packed are read in ranges and copied unpacked', async () => {
    const noise = randomBytes(7 * 1024 * 1024).toString('base64');
    const text = `id\n${noise.replace(/(.{76})/g, '$1\n')}\n`;
    const packed = gzipSync(text, { level: 0 });
    await put({ 'big/data.csv.gz': packed });
    let ranges = 0;
    const { request } = s3Setup(`s3://${bucket}/big/data.csv.gz`, {
      getObject: (input, options) => {
        ranges += 1;
        return s3.getObject(input, options);
      },
    });
    const manifest = await extract(request);
    expect(ranges).toBe(Math.ceil(packed.length / (8 * 1024 * 1024)));
    expect(manifest.parts).toEqual([
      expect.objectContaining({
        location: 'runs/r1/raw/part-00000.csv',
        local: false,
        source: `s3://${bucket}/big/data.csv.gz`,
        format: 'csv',
        bytes: text.length,
      }),
    ]);
    expect(await readFile(await request.store.localPath(manifest.parts[0]?.location ?? ''), 'utf8')).toBe(text);
    expect(manifest.source_fingerprint).toBe((await fingerprintSource(request))?.fingerprint);
  });

  it('may be a prefix, a glob or a list, packed and in any encoding, in the order of their keys', async () => {
    await put({
      'in/2026/b.ndjson.gz': gzipSync('{"id":2}\n'),
      'in/2026/a.ndjson': '{"id":1}\n',
      'in/2026/deep/c.ndjson': '{"id":3}\n',
      'in/2026/': '',
      'in/other.txt': 'x',
      'in/odd [1] {2}.ndjson': '{"id":4}\n',
    });
    for (const [path, ids] of [
      ['s3://source/in/2026/', [1, 2, 3]],
      ['S3://source/in/2026/', [1, 2, 3]],
      ['s3://source/in/2026/*.ndjson*', [1, 2]],
      ['s3://source/in/**/*.ndjson', [1, 3, 4]],
      [
        ['s3://source/in/2026/deep/c.ndjson', 's3://source/in/2026/a.ndjson'],
        [3, 1],
      ],
      ['s3://source/in/odd [1] {2}.ndjson', [4]],
    ] as const) {
      const { request } = s3Setup(path);
      const rows = await readRows(request, await extract(request));
      expect(rows.map(({ id }) => id).sort()).toEqual([...ids].sort());
    }
  });

  it('that are not there are reported with the nearest key', async () => {
    await put({ 'near/sales.csv': 'id\n1\n' });
    await expect(extract(s3Setup('s3://source/near/sale.csv').request)).rejects.toMatchObject({
      code: 'file_not_found',
      message: expect.stringContaining('Did you mean "s3://source/near/sales.csv"?'),
    });
    await expect(extract(s3Setup('s3://source/nothing/').request)).rejects.toMatchObject({ code: 'file_not_found' });
    await expect(extract(s3Setup('s3://no-such-bucket/x/').request)).rejects.toMatchObject({ code: 's3_refused' });
  });

  it('need a client', async () => {
    const { request } = setup({ source_type: 'file', file_path: 's3://source/x.csv' });
    await expect(extract(request)).rejects.toMatchObject({ code: 's3_missing' });
  });

  it('that are overwritten while they are read are an error and no mixture', async () => {
    const noise = (): Buffer => gzipSync(randomBytes(7 * 1024 * 1024).toString('base64'), { level: 0 });
    await put({ 'pinned.csv.gz': noise() });
    const other = noise();
    let reads = 0;
    const { request } = s3Setup('s3://source/pinned.csv.gz', {
      getObject: async (input, options) => {
        reads += 1;
        if (reads === 2) await put({ 'pinned.csv.gz': other });
        return await s3.getObject(input, options);
      },
    });
    await expect(extract(request)).rejects.toMatchObject({ code: 'file_changed' });
    expect(await request.store.get('runs/r1/raw/manifest.json')).toBeUndefined();
  });

  it('that are overwritten between two calls of a run are an error too', async () => {
    await put({ 'two/a.ndjson.gz': gzipSync('{"id":1}\n'), 'two/b.ndjson.gz': gzipSync('{"id":2}\n') });
    const { clock, request } = s3Setup('s3://source/two/');
    const onProgress = (): void => clock.pass(700);
    const deadline = new Date(clock.now().getTime() + 1_000);
    expect(await extract({ ...request, deadline, onProgress })).toMatchObject({ complete: false });
    await put({ 'two/b.ndjson.gz': gzipSync('{"id":9}\n') });
    await expect(extract(request)).rejects.toMatchObject({ code: 'file_changed' });
  });

  it('are asked for again when a range fails or ends early', async () => {
    await put({ 'shaky.csv': 'id\n1\n2\n' });
    let attempts = 0;
    const { clock, request } = s3Setup('s3://source/shaky.csv', {
      getObject: async (input, options) => {
        attempts += 1;
        if (attempts === 1) throw Object.assign(new Error('slow down'), { $metadata: { httpStatusCode: 503 } });
        if (attempts === 2) throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
        const answer = await s3.getObject(attempts === 3 ? { ...input, Range: 'bytes=0-2' } : input, options);
        return answer;
      },
    });
    expect(await readLines(request, await extract(request))).toEqual(['id', '1', '2']);
    expect(clock.slept).toEqual([1_000, 2_000, 4_000]);
  });

  it('that may not be read are reported with the permission that is missing', async () => {
    await put({ 'secret.csv': 'id\n' });
    const denied = (): never => {
      throw Object.assign(new Error('Access Denied'), { $metadata: { httpStatusCode: 403 } });
    };
    await expect(
      extract(s3Setup('s3://source/secret.csv', { getObject: async () => denied() }).request),
    ).rejects.toMatchObject({
      code: 's3_refused',
      message: expect.stringContaining('s3:GetObject'),
    });
    await expect(
      extract(s3Setup('s3://source/in/', { listObjectsV2: async () => denied() }).request),
    ).rejects.toMatchObject({
      message: expect.stringContaining('s3:ListBucket'),
    });
  });

  it('keep their fingerprint as long as their content does', async () => {
    await put({ 'same.csv': 'id\n1\n' });
    const { request } = s3Setup('s3://source/same.csv');
    const before = await fingerprintSource(request);
    await put({ 'same.csv': 'id\n1\n' });
    expect((await fingerprintSource(request))?.fingerprint).toBe(before?.fingerprint);
    await put({ 'same.csv': 'id\n2\n' });
    expect((await fingerprintSource(request))?.fingerprint).not.toBe(before?.fingerprint);
  });
});
