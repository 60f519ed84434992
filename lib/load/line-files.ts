import { closeSync, openSync, readSync } from 'node:fs';
import { rm } from 'node:fs/promises';

/** Bytes that are read and sent at once. */
const pieceBytes = 128 * 1024;

/** Lines of a batch in files: for COPY, of its text format, UTF-8. They are read when they are sent, and again for each attempt. */
export class LineFiles implements Iterable<Uint8Array> {
  readonly #paths: readonly string[];

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** Pieces of the files, which follow each other; one is valid until the next one is asked for. */
  *[Symbol.iterator](): Generator<Uint8Array> {
    const buffer = Buffer.allocUnsafeSlow(pieceBytes);
    for (const path of this.#paths) {
      const file = openSync(path, 'r');
      try {
        for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) {
          yield buffer.subarray(0, read);
        }
      } finally {
        closeSync(file);
      }
    }
  }

  /** How many lines there are. */
  count(): number {
    let lines = 0;
    for (const piece of this) {
      for (let at = piece.indexOf(lineFeed); at !== -1; at = piece.indexOf(lineFeed, at + 1)) lines += 1;
    }
    return lines;
  }

  /** Removes the files. */
  async remove(): Promise<void> {
    for (const path of this.#paths) await rm(path, { force: true });
  }
}

const lineFeed = 10;
