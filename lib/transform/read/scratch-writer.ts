import { open } from 'node:fs/promises';

/** How many bytes are gathered before they are written. */
const blockBytes = 1 << 20;

/** A file of the local disk that is written from front to back in large blocks. */
export interface ScratchWriter {
  readonly path: string;
  /** Copies the bytes; gives a promise only when a full block has to go to the disk first. */
  readonly write: (bytes: Uint8Array) => Promise<void> | undefined;
  /** Writes what is left and closes the file. */
  readonly close: () => Promise<void>;
}

/** `flags` a: what is written goes behind what the file holds. */
export async function openScratchWriter(path: string, flags: 'w' | 'a' = 'w'): Promise<ScratchWriter> {
  const file = await open(path, flags);
  const block = Buffer.allocUnsafe(blockBytes);
  let filled = 0;
  const writeOut = async (bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.length; ) {
      at += (await file.write(bytes, at)).bytesWritten;
    }
  };
  const writeThrough = async (bytes: Uint8Array): Promise<void> => {
    await writeOut(block.subarray(0, filled));
    filled = 0;
    if (bytes.length > blockBytes) {
      await writeOut(bytes);
    } else {
      block.set(bytes, 0);
      filled = bytes.length;
    }
  };
  return {
    path,
    write: (bytes) => {
      if (filled + bytes.length > blockBytes) {
        return writeThrough(bytes);
      }
      block.set(bytes, filled);
      filled += bytes.length;
      return undefined;
    },
    close: async () => {
      await writeOut(block.subarray(0, filled));
      await file.close();
    },
  };
}
