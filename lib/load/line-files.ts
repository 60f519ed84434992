import { closeSync, openSync, readSync } from 'node:fs';
import { rm } from 'node:fs/promises';

/** Bytes that are read and sent at once. */
const pieceBytes = 128 * 1024;

/** Room for a piece, of those who are done with theirs: thousands of batches would leave it to the collector. */
const spare: Buffer[] = [];

/** Lines of a batch in files: for COPY, of its text format, UTF-8. They are read when they are sent, and again for each attempt. */
export class LineFiles implements Iterable<Uint8Array> {
  readonly #paths: readonly string[];

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** Pieces of the files, which follow each other; one is valid until the next one is asked for. */
  *[Symbol.iterator](): Generator<Uint8Array> {
    const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(pieceBytes);
    try {
      for (const path of this.#paths) yield* piecesOf(path, buffer);
    } finally {
      spare.push(buffer);
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

/** What a file holds, as much at a time as there is room for. */
function* piecesOf(path: string, room: Buffer): Generator<Uint8Array> {
  const file = openSync(path, 'r');
  try {
    for (let read = readSync(file, room); read > 0; read = readSync(file, room)) yield room.subarray(0, read);
  } finally {
    closeSync(file);
  }
}
