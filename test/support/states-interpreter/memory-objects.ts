import type { MapObjects } from './map-objects.ts';

/** S3 in memory: objects by `bucket/key`. A bucket without objects is none, and refuses what is put. */
export function memoryObjects(files: Readonly<Record<string, string | Buffer>>): MapObjects & {
  readonly stored: Map<string, Buffer>;
} {
  const stored = new Map(Object.entries(files).map(([name, body]) => [name, Buffer.from(body)]));
  const inBucket = (bucket: string): readonly (readonly [string, Buffer])[] => {
    const found = [...stored].filter(([name]) => name.startsWith(`${bucket}/`));
    if (found.length === 0) throw new Error(`NoSuchBucket: ${bucket}`);
    return found.map(([name, body]) => [name.slice(bucket.length + 1), body]);
  };
  return {
    stored,
    get: async (bucket, key) => {
      const found = inBucket(bucket).find(([name]) => name === key);
      if (found === undefined) throw new Error(`NoSuchKey: ${key}`);
      return found[1];
    },
    list: async (bucket, prefix) =>
      inBucket(bucket)
        .filter(([name]) => name.startsWith(prefix))
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([Key, body]) => ({
          Etag: '"0"',
          Key,
          LastModified: 1_668_699_881,
          Size: body.length,
          StorageClass: 'STANDARD',
        })),
    put: async (bucket, key, body) => {
      inBucket(bucket);
      stored.set(`${bucket}/${key}`, Buffer.from(body));
    },
  };
}
