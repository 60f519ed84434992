import type { AddressInfo } from 'node:net';
import { S3, type S3ClientConfig } from '@aws-sdk/client-s3';
import { buildApp } from 'fauxqs';

/** S3 on loopback with a bucket `source`, which keeps what it was asked for. */
export interface CountedS3 {
  readonly s3: S3;
  /** Of a client of the same server in another process. */
  readonly options: S3ClientConfig;
  readonly put: (objects: Readonly<Record<string, string | Buffer>>) => Promise<void>;
  readonly remove: (key: string) => Promise<void>;
  /** Requests since the last time, e.g. `GET /source/a.csv`. */
  readonly asked: () => readonly string[];
  readonly close: () => Promise<void>;
}

export async function countedS3(): Promise<CountedS3> {
  const app = buildApp({ logger: false });
  const asked: string[] = [];
  app.addHook('onRequest', async ({ method, url }) => {
    asked.push(`${method} ${decodeURIComponent(url.replace(/\?.*$/, ''))}`);
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const options = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const s3 = new S3(options);
  const Bucket = 'source';
  await s3.createBucket({ Bucket });
  asked.splice(0);
  return {
    s3,
    options,
    put: async (objects) => {
      for (const [Key, Body] of Object.entries(objects)) await s3.putObject({ Bucket, Key, Body });
      asked.splice(0);
    },
    remove: async (Key) => {
      await s3.deleteObject({ Bucket, Key });
      asked.splice(0);
    },
    asked: () => asked.splice(0),
    close: async () => {
      s3.destroy();
      await app.close();
    },
  };
}
