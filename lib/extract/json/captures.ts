/** Told each record, and its name where the records are the members of an object. */
export type OnRecord = (raw: Buffer, member?: string | undefined) => void;

interface Capture {
  readonly depth: number;
  readonly record: boolean;
  readonly names: readonly string[];
  /** The name that a record has as a member of an object. */
  readonly member: string | undefined;
  readonly pieces: Uint8Array[];
  /** Where in the chunk at hand it goes on. */
  start: number;
}

/** The values of a JSON text that are being kept, as the bytes they have in it. One may lie inside another. */
export class Captures {
  readonly #onRecord: OnRecord;
  readonly #open: Capture[] = [];
  /** Texts of the values that were kept by name; the last one wins. */
  readonly texts = new Map<string, string>();
  /** Depth of the innermost one that is open, -1 where none is. */
  depth = -1;

  constructor(onRecord: OnRecord) {
    this.#onRecord = onRecord;
  }

  /** A value begins at `start` of the chunk at hand. */
  begin(depth: number, record: boolean, names: readonly string[], start: number, member?: string | undefined): void {
    this.#open.push({ depth, record, names, member, pieces: [], start });
    this.depth = depth;
  }

  /** The values of this depth end before `end` of the chunk. */
  end(depth: number, chunk: Uint8Array, end: number): void {
    for (let capture = this.#open.at(-1); capture?.depth === depth; capture = this.#open.at(-1)) {
      this.#open.pop();
      const last = chunk.subarray(capture.start, end);
      const bytes =
        capture.pieces.length === 0
          ? Buffer.from(last.buffer, last.byteOffset, last.length)
          : Buffer.concat([...capture.pieces, last]);
      for (const name of capture.names) this.texts.set(name, bytes.toString());
      if (capture.record) this.#onRecord(bytes, capture.member);
    }
    this.depth = this.#open.at(-1)?.depth ?? -1;
  }

  /** The chunk is at its end; what is open goes on in the next one. */
  carry(chunk: Uint8Array): void {
    for (const capture of this.#open) {
      capture.pieces.push(chunk.subarray(capture.start));
      capture.start = 0;
    }
  }
}
