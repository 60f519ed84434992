import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TransientError } from '../../lib/errors.ts';
import { listFolder } from '../../lib/extract/file/list-objects.ts';
import type { ObjectStore } from '../../lib/object-store.ts';
import type { S3Reader } from '../../lib/s3-reader.ts';
import { s3Reader } from '../../lib/store/s3-reader.ts';
import { s3Store } from '../../lib/store/s3-store.ts';
import { serve, type TestServer } from '../support/http-server.ts';

class StoppedError extends TransientError {
  override readonly name = 'StoppedError';
  readonly code = 'stopped';
}

const partBytes = 5 * 1024 * 1024;
let folder: string;
let server: TestServer;
let client: S3Client;
let asked: () => void;
let stop: AbortController;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'etl-aborted-'));
  stop = new AbortController();
  // Takes every request; of an object it gives the first bytes, and to others nothing.
  server = await serve((incoming, answer) => {
    incoming.resume();
    const isObject = incoming.method === 'GET' && incoming.url?.includes('half') === true;
    if (isObject) answer.writeHead(200, { 'content-length': '1000' }).write('some');
    setTimeout(asked, 20);
  });
  client = new S3Client({
    endpoint: server.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    forcePathStyle: true,
  });
});

afterEach(async () => {
  client.destroy();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Aborts when S3 has been asked. */
async function aborted(work: () => Promise<unknown>): Promise<void> {
  const reason = new StoppedError('The time is up.');
  asked = () => stop.abort(reason);
  await expect(work()).rejects.toBe(reason);
  expect(stop.signal.aborted).toBe(true);
}

const storeCalls: Readonly<Record<string, (store: ObjectStore) => Promise<unknown>>> = {
  put: (store) => store.put('a', 'b'),
  get: (store) => store.get('a'),
  'get of half an object': (store) => store.get('half'),
  'getRange of half an object': (store) => store.getRange('half', 0, 1_000),
  'localPath of half an object': (store) => store.localPath('half'),
  'copyRange of half an object': (store) => store.copyRange('half', 0, 1_000, path.join(folder, 'copy')),
  removeAll: (store) => store.removeAll('runs'),
};

describe('a call of S3 that is not answered ends when the signal is aborted, with its reason', () => {
  const open = (): ObjectStore =>
    s3Store({ client, bucket: 'staging', scratchDir: folder, partBytes, signal: stop.signal });

  it.each(Object.entries(storeCalls))('store: %s', async (_, call) => await aborted(() => call(open())));

  it.each([
    ['one', 1_000],
    ['many', 2 * partBytes],
  ])('store: putFile in %s requests', async (_, bytes) => {
    const file = path.join(folder, 'file');
    writeFileSync(file, Buffer.alloc(bytes));
    await aborted(() => open().putFile('a', file));
  });

  it('store: every call after it, without a request', async () => {
    stop.abort(new StoppedError('The time is up.'));
    asked = () => {
      throw new Error('S3 was asked.');
    };
    for (const call of Object.values(storeCalls)) await expect(call(open())).rejects.toBe(stop.signal.reason);
  });

  it.each<[string, (s3: S3Reader) => Promise<unknown>]>([
    ['headObject', (s3) => s3.headObject({ Bucket: 'source', Key: 'a' })],
    ['getObject', (s3) => s3.getObject({ Bucket: 'source', Key: 'a' })],
    ['listObjectsV2, also as an error of the listing', (s3) => listFolder(s3, 'source', 'a').next()],
  ])('reader: %s', async (_, call) => await aborted(() => call(s3Reader(client, stop.signal))));
});
