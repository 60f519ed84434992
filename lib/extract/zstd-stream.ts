import { Transform, type TransformCallback } from 'node:stream';
import { Decompress } from 'fzstd';
import { messageOf } from '../errors.ts';

/**
 * Unpacks zstd (RFC 8878). Node 20 has no zstd of its own. A stream that ends within a frame is an error.
 */
export function zstdDecompress(): Transform {
  const pieces: Uint8Array[] = [];
  const unpack = new Decompress((piece) => {
    if (piece.length > 0) pieces.push(piece);
  });
  const push = (stream: Transform, chunk: Uint8Array, last: boolean, done: TransformCallback): void => {
    try {
      unpack.push(chunk, last);
      for (const piece of pieces.splice(0)) stream.push(piece);
      done();
    } catch (error) {
      done(new ZstdError(error));
    }
  };
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      push(this, chunk, false, done);
    },
    flush(done) {
      push(this, new Uint8Array(0), true, done);
    },
  });
}

/** The bytes are no zstd, or end too early. */
export class ZstdError extends Error {
  override readonly name = 'ZstdError';
  readonly code = 'ZSTD_INVALID';

  constructor(cause: unknown) {
    super(`invalid zstd: ${messageOf(cause)}`, { cause });
  }
}
