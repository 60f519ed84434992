import { open } from 'node:fs/promises';
import { splitRecord } from '../../csv-fields.ts';
import type { CsvDialect } from '../../manifest.ts';
import { openScratchWriter, type ScratchWriter } from './scratch-writer.ts';

/**
 * What DuckDB is given of a text file. While every record is good and ends in LF that is the file itself; from the first
 * one that is not, it is a copy with nothing but good records, each ending in LF. DuckDB's reader loses every row of a
 * CRLF file without a word when `strict_mode` and `new_line` are both set, so it never gets to see one.
 */
export class GoodRecords {
  private copy: ScratchWriter | undefined;
  private firstRecord = 0;
  private readonly original: string;
  private readonly copyPath: string;
  private readonly dialect: CsvDialect | undefined;
  /** Every record is written anew. */
  private readonly foreign: boolean;

  constructor(args: { readonly original: string; readonly copyPath: string; readonly dialect?: CsvDialect }) {
    this.original = args.original;
    this.copyPath = args.copyPath;
    this.dialect = args.dialect;
    this.foreign = args.dialect !== undefined && !isPlain(args.dialect);
  }

  /** So far DuckDB may read the file itself. */
  get direct(): boolean {
    return this.copy === undefined;
  }

  /** Must be called before the first record. `plain`: the header is one line at the file's start that ends in LF. */
  async begin(firstRecord: number, plain: boolean): Promise<void> {
    this.firstRecord = firstRecord;
    if (!plain || this.foreign) {
      await this.leave(firstRecord);
    }
  }

  /** A good record; `offset` is where `bytes` begins in the file. Awaited only when there is something to await. */
  add(bytes: Buffer, start: number, contentEnd: number, endsInLf: boolean, offset: number): Promise<void> | undefined {
    if (this.copy !== undefined) {
      return this.append(this.copy, bytes, start, contentEnd);
    }
    return endsInLf ? undefined : this.leaveAndAdd(bytes, start, contentEnd, offset);
  }

  /** A good record with a quote where DuckDB might take it for another: every field of it is quoted. */
  async rewrite(bytes: Buffer, start: number, contentEnd: number, offset: number): Promise<void> {
    await this.leave(offset + start);
    if (this.dialect !== undefined) {
      await this.copy?.write(Buffer.from(rewrite(bytes.toString('utf8', start, contentEnd), this.dialect)));
    }
  }

  /** What stands at this offset of the file is not for DuckDB. */
  async leave(offset: number): Promise<void> {
    if (this.copy === undefined) {
      this.copy = await openScratchWriter(this.copyPath);
      await copyRange(this.original, this.firstRecord, offset, this.copy);
    }
  }

  /** Where DuckDB finds the records, and whether it has to step over a header. */
  async close(): Promise<{ readonly path: string; readonly direct: boolean }> {
    await this.copy?.close();
    return { path: this.copy?.path ?? this.original, direct: this.direct };
  }

  private async leaveAndAdd(bytes: Buffer, start: number, contentEnd: number, offset: number): Promise<void> {
    await this.leave(offset + start);
    await this.append(this.copy as ScratchWriter, bytes, start, contentEnd);
  }

  private append(copy: ScratchWriter, bytes: Buffer, start: number, contentEnd: number): Promise<void> | undefined {
    if (this.foreign && this.dialect !== undefined) {
      return copy.write(Buffer.from(rewrite(bytes.toString('utf8', start, contentEnd), this.dialect)));
    }
    if (contentEnd < bytes.length && bytes[contentEnd] === 10) {
      return copy.write(bytes.subarray(start, contentEnd + 1));
    }
    const first = copy.write(bytes.subarray(start, contentEnd));
    return first === undefined ? copy.write(lineFeed) : first.then(() => copy.write(lineFeed));
  }
}

const lineFeed = Buffer.from('\n');

/** Whether DuckDB reads the dialect as this project means it; others are rewritten with commas and double quotes. */
export function isPlain(dialect: CsvDialect): boolean {
  return (
    Buffer.byteLength(dialect.delimiter) === 1 &&
    Buffer.byteLength(dialect.quote) === 1 &&
    (dialect.escape === '' || dialect.escape === dialect.quote) &&
    dialect.delimiter !== dialect.quote &&
    dialect.skip_initial_space !== true
  );
}

/** The dialect of what `GoodRecords` leaves to DuckDB. */
export function readDialect(dialect: CsvDialect): { readonly delimiter: string; readonly quote: string } {
  return isPlain(dialect) ? { delimiter: dialect.delimiter, quote: dialect.quote } : { delimiter: ',', quote: '"' };
}

/** The record in the dialect that DuckDB reads. The empty field stays unquoted, apart from the quoted empty text. */
function rewrite(record: string, dialect: CsvDialect): string {
  const { delimiter, quote } = readDialect(dialect);
  const fields = splitRecord(record, dialect).map(({ text, quoted }) =>
    quoted || text.includes(quote) || text.includes(delimiter)
      ? quote + text.replaceAll(quote, quote + quote) + quote
      : text,
  );
  return `${fields.join(delimiter)}\n`;
}

async function copyRange(path: string, from: number, to: number, copy: ScratchWriter): Promise<void> {
  const file = await open(path, 'r');
  try {
    const block = Buffer.allocUnsafe(1 << 20);
    for (let at = from; at < to; ) {
      const { bytesRead } = await file.read(block, 0, Math.min(block.length, to - at), at);
      if (bytesRead === 0) {
        throw new Error(`${path} became shorter while it was read`);
      }
      await copy.write(block.subarray(0, bytesRead));
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}
