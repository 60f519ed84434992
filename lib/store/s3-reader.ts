import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import type { S3Reader } from '../s3-reader.ts';

/** The three calls that reading sources needs, of a client that is bundled with nothing but these. */
export function s3Reader(client: Pick<S3Client, 'send'>): S3Reader {
  return {
    headObject: (input) => client.send(new HeadObjectCommand(input)),
    getObject: (input, options) => client.send(new GetObjectCommand(input), options),
    listObjectsV2: (input) => client.send(new ListObjectsV2Command(input)),
  };
}
