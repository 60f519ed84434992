import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { ListedObject, MapObjects } from '../states-interpreter/map-objects.ts';
import type { AwsCall } from './recorder.ts';

/** The S3 of a distributed map over HTTP; what it asks for is written down as calls of the state machine. */
export function bucketObjects(s3: S3Client, calls: AwsCall[]): MapObjects {
  const called = (action: string, resource: string): void => {
    calls.push({ principal: 'machine', action: `s3:${action}`, resource: `arn:aws:s3:::${resource}` });
  };
  return {
    get: async (Bucket, Key, VersionId) => {
      called('GetObject', `${Bucket}/${Key}`);
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    },
    list: async (Bucket, Prefix) => {
      const found: ListedObject[] = [];
      let ContinuationToken: string | undefined;
      do {
        called('ListBucket', Bucket);
        const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken }));
        for (const { ETag = '', Key = '', LastModified, Size = 0, StorageClass = 'STANDARD' } of page.Contents ?? [])
          found.push({ Etag: ETag, Key, LastModified: Math.trunc(Number(LastModified) / 1000), Size, StorageClass });
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
      return found;
    },
    put: async (Bucket, Key, Body) => {
      called('PutObject', `${Bucket}/${Key}`);
      await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
    },
  };
}
