import type { RawPart } from '../../manifest.ts';
import type { ObjectStore } from '../../object-store.ts';
import { type PartMark, PartWriter, rawPartName, rejectedPartName } from '../part-writer.ts';
import { rejectedLine } from '../rejected-line.ts';
import type { ApiCursor } from './api-cursor.ts';
import type { RowSink } from './page-reader.ts';

/** The rows of an extraction on their way to the store: pages are collected, parts are sealed. */
export class ApiParts {
  readonly #rows: PartWriter;
  readonly #rejected: PartWriter;
  readonly #source: string;
  #rejectedRows = 0;

  constructor(store: ObjectStore, prefix: string, cursor: ApiCursor, source: string) {
    this.#rows = new PartWriter(store, rawPartName(prefix, 'ndjson'), cursor.parts.length);
    this.#rejected = new PartWriter(store, rejectedPartName(prefix), cursor.rejected.length);
    this.#source = source;
  }

  get full(): boolean {
    return this.#rows.full;
  }

  /** A sink for the next page; `limit` is how many rows may still be added. */
  page(rowsBefore: number, limit: number | undefined): RowSink & { readonly undo: () => Promise<void> } {
    const marks: readonly [PartMark, PartMark] = [this.#rows.mark(), this.#rejected.mark()];
    const rejectedBefore = this.#rejectedRows;
    let lines: Buffer[] = [];
    let refused: Buffer[] = [];
    let count = 0;
    const undo = async (): Promise<void> => {
      lines = [];
      refused = [];
      count = 0;
      this.#rejectedRows = rejectedBefore;
      await this.#rows.rewind(marks[0]);
      await this.#rejected.rewind(marks[1]);
    };
    return {
      undo,
      restart: undo,
      row: (line) => {
        lines.push(line);
        count += 1;
        return limit === undefined || count < limit;
      },
      reject: (raw, ordinal, reason) => {
        refused.push(rejectedLine(this.#source, rowsBefore + ordinal, null, reason, raw));
        this.#rejectedRows += 1;
      },
      flush: async () => {
        await this.#rows.write(Buffer.concat(lines.splice(0)));
        await this.#rejected.write(Buffer.concat(refused.splice(0)));
      },
    };
  }

  /** Makes all pages so far durable. */
  async seal(): Promise<{ readonly parts: readonly RawPart[]; readonly rejected: ApiCursor['rejected'] }> {
    const parts = (await this.#rows.seal()).map(
      (part): RawPart => ({ ...part, local: false, source: this.#source, format: 'ndjson' }),
    );
    const refused = await this.#rejected.seal();
    const rejected = refused.map((part, index) => ({
      location: part.location,
      rows: index === refused.length - 1 ? this.#rejectedRows : 0,
    }));
    this.#rejectedRows = 0;
    return { parts, rejected };
  }

  async discard(): Promise<void> {
    await this.#rows.discard();
    await this.#rejected.discard();
  }
}
