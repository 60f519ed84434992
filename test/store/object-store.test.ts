import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../lib/object-store.ts';
import { folderStore } from '../../lib/store/folder-store.ts';
import { s3Store } from '../../lib/store/s3-store.ts';
import { type LocalAws, localAws } from '../support/aws/local-aws.ts';

let folder: string;
let aws: LocalAws;
const clients: S3Client[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'etl-store-'));
  aws = await localAws();
  await aws.createBucket('staging');
});

afterAll(async () => {
  for (const client of clients) client.destroy();
  await aws.close();
  rmSync(folder, { recursive: true, force: true });
});

function s3(bucket: string, name: string): ObjectStore {
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${aws.port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  clients.push(client);
  return s3Store({ client, bucket, scratchDir: path.join(folder, name), partBytes: 5 * 1024 * 1024 });
}

describe.each([
  ['a folder', () => folderStore(path.join(folder, 'store'))],
  ['a bucket', () => s3('staging', 'scratch')],
] as const)('an object store in %s', (_, open) => {
  const text = async (store: ObjectStore, key: string): Promise<string | undefined> => {
    const bytes = await store.get(key);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  };

  it('gives what was put, the last of it, and undefined for what was not', async () => {
    const store = open();
    await store.put('runs/a/manifest.json', '{"n": 1}');
    await store.put('runs/a/manifest.json', new TextEncoder().encode('{"山": 2}'));
    expect(await text(store, 'runs/a/manifest.json')).toBe('{"山": 2}');
    expect(await store.get('runs/a/other.json')).toBeUndefined();
  });

  it('takes a file from its scratch path and gives it as a file', async () => {
    const store = open();
    const key = 'runs/a/raw/part-00000.ndjson';
    const scratch = await store.scratchPath(key);
    writeFileSync(scratch, 'line\n');
    await store.putFile(key, scratch);
    expect(await readFile(await store.localPath(key), 'utf8')).toBe('line\n');
    await expect(store.localPath('runs/a/raw/part-00001.ndjson')).rejects.toThrow();
  });

  it('gives some bytes of an object, and as a file', async () => {
    const store = open();
    const key = 'runs/a/raw/ranged.ndjson';
    await store.put(key, '0123456789');
    const copy = path.join(folder, `copy-${process.hrtime.bigint()}`);
    await store.copyRange(key, 2, 7, copy);
    expect(await readFile(copy, 'utf8')).toBe('23456');
    await expect(store.copyRange('runs/a/raw/none.ndjson', 0, 5, copy)).rejects.toThrow();
    expect(Buffer.from(await store.getRange(key, 2, 7)).toString()).toBe('23456');
    await expect(store.getRange('runs/a/raw/none.ndjson', 0, 5)).rejects.toThrow();
  });

  it('takes a file of more than one part', async () => {
    const store = open();
    const key = 'runs/a/raw/large.bin';
    const scratch = await store.scratchPath(key);
    const bytes = Buffer.alloc(12 * 1024 * 1024, 'abcdefghij');
    writeFileSync(scratch, bytes);
    await store.putFile(key, scratch);
    expect((await readFile(await store.localPath(key))).equals(bytes)).toBe(true);
  });

  it('removes what is below a prefix, and not what only begins like it', async () => {
    const store = open();
    for (const key of ['runs/x/a', 'runs/x/deep/b', 'runs/xy/c']) await store.put(key, key);
    await store.removeAll('runs/x');
    expect(await Promise.all(['runs/x/a', 'runs/x/deep/b', 'runs/xy/c'].map((key) => text(store, key)))).toEqual([
      undefined,
      undefined,
      'runs/xy/c',
    ]);
    await store.removeAll('runs/never');
  });
});

describe('a bucket that is not there', () => {
  it('is told from one that does not answer', async () => {
    await expect(s3('nowhere', 'other').put('a', 'b')).rejects.toMatchObject({ name: 'StoreRefusedError' });
    const client = new S3Client({
      endpoint: 'http://127.0.0.1:1',
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    });
    clients.push(client);
    const store = s3Store({ client, bucket: 'staging', scratchDir: folder });
    await expect(store.put('a', 'b')).rejects.toMatchObject({ name: 'StoreUnavailableError' });
  });
});
