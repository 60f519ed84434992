import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { zstdDecompress } from '../zstd-stream.ts';

/** Encodings that are asked for and understood, best first. */
export const acceptEncoding = 'gzip, br, zstd, deflate';

/**
 * The body as it was before the server packed it. Errors of the socket and of the packing come out of the result; a
 * body cut off is an error, never a shorter body.
 *
 * @returns undefined for an encoding that is not known
 */
export function decodeBody(body: Readable, contentEncoding: string | undefined): Readable | undefined {
  const names = (contentEncoding ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity');
  let stream = body;
  for (const name of names.reverse()) {
    const decoder = decoderOf(name);
    if (decoder === undefined) return undefined;
    const source = stream;
    source.once('error', (error) => decoder.destroy(error));
    source.once('close', () => {
      if (!source.readableEnded) decoder.destroy(source.errored ?? undefined);
    });
    decoder.once('close', () => source.destroy());
    stream = source.pipe(decoder);
  }
  return stream;
}

function decoderOf(name: string) {
  switch (name) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'br':
      return createBrotliDecompress();
    case 'zstd':
      return zstdDecompress();
    case 'deflate':
      return createInflate();
    default:
      return undefined;
  }
}
