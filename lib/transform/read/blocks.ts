import { open } from 'node:fs/promises';

/** Bytes read from the disk at once; few enough that others get a turn every few milliseconds. */
const blockBytes = 1 << 20;

/**
 * Walks over a file whose items may straddle blocks. `consume` gets the bytes from the first unconsumed one on and says
 * how many of them it has dealt with; the rest comes again, with more behind it. `last` tells that nothing follows.
 *
 * @param consume  returns 0 ≤ consumed ≤ bytes.length; with `last` it must consume everything. The bytes are its own until
 *   it resolves; the next block takes their place
 * @returns the file's size in bytes
 */
export async function walkBlocks(
  path: string,
  consume: (bytes: Buffer, offset: number, last: boolean) => Promise<number> | number,
  signal?: AbortSignal,
): Promise<number> {
  const file = await open(path, 'r');
  try {
    let buffer = Buffer.allocUnsafe(blockBytes + (blockBytes >> 3));
    let rest = 0;
    let offset = 0;
    for (;;) {
      signal?.throwIfAborted();
      // A long unfinished item doubles the block, so that its bytes are looked at a few times only.
      const wanted = rest + Math.max(blockBytes, rest);
      if (wanted > buffer.length) {
        const larger = Buffer.allocUnsafe(wanted);
        buffer.copy(larger, 0, 0, rest);
        buffer = larger;
      }
      let filled = rest;
      while (filled < wanted) {
        const { bytesRead } = await file.read(buffer, filled, wanted - filled);
        if (bytesRead === 0) {
          break;
        }
        filled += bytesRead;
      }
      const last = filled < wanted;
      const consumed = await consume(buffer.subarray(0, filled), offset, last);
      if (last) {
        return offset + filled;
      }
      offset += consumed;
      buffer.copyWithin(0, consumed, filled);
      rest = filled - consumed;
    }
  } finally {
    await file.close();
  }
}
