import { open } from 'node:fs/promises';

/** Bytes read from the disk at once. */
const blockBytes = 4 << 20;

/**
 * Walks over a file whose items may straddle blocks. `consume` gets the bytes from the first unconsumed one on and says
 * how many of them it has dealt with; the rest comes again, with more behind it. `last` tells that nothing follows.
 *
 * @param consume  returns 0 ≤ consumed ≤ bytes.length; with `last` it must consume everything
 */
export async function walkBlocks(
  path: string,
  consume: (bytes: Buffer, offset: number, last: boolean) => Promise<number> | number,
  signal?: AbortSignal,
): Promise<void> {
  const file = await open(path, 'r');
  try {
    let rest: Buffer = Buffer.alloc(0);
    let offset = 0;
    for (;;) {
      signal?.throwIfAborted();
      // A long unfinished item doubles the block, so that its bytes are looked at a few times only.
      const bytes = Buffer.allocUnsafe(rest.length + Math.max(blockBytes, rest.length));
      rest.copy(bytes);
      let filled = rest.length;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled);
        if (bytesRead === 0) {
          break;
        }
        filled += bytesRead;
      }
      const last = filled < bytes.length;
      const view = bytes.subarray(0, filled);
      const consumed = await consume(view, offset, last);
      if (last) {
        return;
      }
      offset += consumed;
      rest = view.subarray(consumed);
    }
  } finally {
    await file.close();
  }
}
