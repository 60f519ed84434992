import { Transform } from 'node:stream';
import { Decompress } from 'fzstd';

/**
 * Unpacks zstd (RFC 8878). Node 20 has no zstd of its own. A stream that ends within a frame is an error.
 */
export function zstdDecompress(): Transform {
  const pieces: Uint8Array[] = [];
  const unpack = new Decompress((piece) => {
    if (piece.length > 0) pieces.push(piece);
  });
  const flush = (stream: Transform): void => {
    for (const piece of pieces.splice(0)) stream.push(piece);
  };
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      try {
        unpack.push(chunk);
        flush(this);
        done();
      } catch (error) {
        done(new ZstdError(error));
      }
    },
    flush(done) {
      try {
        unpack.push(new Uint8Array(0), true);
        flush(this);
        done();
      } catch (error) {
        done(new ZstdError(error));
      }
    },
  });
}

/** The bytes are no zstd, or end too early. */
export class ZstdError extends Error {
  override readonly name = 'ZstdError';
  readonly code = 'ZSTD_INVALID';

  constructor(cause: unknown) {
    super(`invalid zstd: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
