import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RawPart } from '../../lib/manifest.ts';
import type { ObjectStore } from '../../lib/object-store.ts';
import { transformScattered } from '../../lib/scatter/transform-scattered.ts';
import { folderStore } from '../../lib/store/folder-store.ts';
import { s3Store } from '../../lib/store/s3-store.ts';
import { type LocalAws, localAws } from '../support/aws/local-aws.ts';
import { commas, plainSettings } from '../transform/support/stage.ts';

let folder: string;
let aws: LocalAws;
let client: S3Client;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scatter-bucket-'));
  aws = await localAws();
  await aws.createBucket('staging');
  client = new S3Client({
    endpoint: `http://127.0.0.1:${aws.port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
});

afterAll(async () => {
  client.destroy();
  await aws.close();
  await rm(folder, { recursive: true, force: true });
});

const contents: Readonly<Record<'csv' | 'ndjson', string>> = {
  csv: `id,name\n${Array.from({ length: 200 }, (_, i) => (i % 9 === 0 ? `${i},"na\nme,${i}"\n` : `${i % 150},name ${i % 150}\n`)).join('')}`,
  ndjson: Array.from({ length: 200 }, (_, i) => `{"id":${i % 150},"name":"n${i % 150}"}\n`).join(''),
};

/** Cleans a part that lies in the store; no more of it than a slice and its surroundings is fetched at once. */
async function clean(store: ObjectStore, format: 'csv' | 'ndjson'): Promise<void> {
  const location = `runs/${format}/raw/part-00000.${format}`;
  const content = contents[format];
  await store.put(location, content);
  const part: RawPart = { location, local: false, source: 'rows', format, bytes: Buffer.byteLength(content) };
  const scratchDir = join(folder, 'scratch');
  await mkdir(scratchDir, { recursive: true });
  await transformScattered(
    {
      raw: {
        complete: true,
        parts: [format === 'csv' ? { ...part, csv: commas } : part],
        rejected: [],
        extracted_at: '2026-01-02T03:04:05.678Z',
        source_fingerprint: 'f'.repeat(64),
        bytes_read: part.bytes,
      },
      settings: { ...plainSettings, deduplicate: true, key_columns: ['name'] },
      store: {
        ...store,
        localPath: async (key) => {
          if (key === location) throw new Error('The whole part was fetched.');
          return await store.localPath(key);
        },
      },
      prefix: `runs/${format}`,
      scratchDir,
    },
    { partBytes: 1_000, bucketBytes: 2_000 },
  );
}

test.each(['csv', 'ndjson'] as const)(
  '%s in a bucket leaves the same objects as in a folder',
  async (format) => {
    const root = join(folder, format);
    await clean(folderStore(root), format);
    const bucket = s3Store({ client, bucket: 'staging', scratchDir: join(folder, `s3-${format}`) });
    await clean(bucket, format);
    let objects = 0;
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const bytes = await bucket.get(relative(root, path));
      expect(Buffer.from(bytes ?? []).equals(await readFile(path)), relative(root, path)).toBe(true);
      objects += 1;
    }
    expect(objects).toBeGreaterThan(10);
  },
  120_000,
);
