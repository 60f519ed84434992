import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import type { S3Reader } from '../s3-reader.ts';

/**
 * The three calls that reading sources needs, of a client that is bundled with nothing but these.
 *
 * @param signal  ends calls when it is aborted, besides the one that a call gives
 * @throws the signal's reason, once it is aborted
 */
export function s3Reader(client: Pick<S3Client, 'send'>, signal?: AbortSignal): S3Reader {
  const stops = signal === undefined ? {} : { abortSignal: signal };
  const heeding = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error;
    }
  };
  return {
    headObject: async (input) => await heeding(client.send(new HeadObjectCommand(input), stops)),
    getObject: async (input, options = stops) => await heeding(client.send(new GetObjectCommand(input), options)),
    listObjectsV2: async (input) => await heeding(client.send(new ListObjectsV2Command(input), stops)),
  };
}
