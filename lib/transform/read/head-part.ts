import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { CsvDialect } from '../../manifest.ts';
import { walkBlocks } from './blocks.ts';
import { recordReader } from './csv-record.ts';
import type { LocalPart } from './local-part.ts';
import { firstLineEnd } from './scan-csv.ts';

/**
 * The first records of a part as a part of its own: a look at a large file costs what its first rows cost.
 *
 * @param path  where the copy goes
 * @returns the part itself where it has no more rows than that, or is Parquet, which cannot be cut by bytes
 */
export async function headPart(
  part: LocalPart,
  rows: number,
  path: string,
  signal?: AbortSignal,
): Promise<{ readonly part: LocalPart; readonly rows: number }> {
  if (part.format === 'parquet') return { part, rows };
  const counter = part.csv === undefined ? countLines(rows) : countRecords(part.csv, rows);
  try {
    await walkBlocks(part.path, counter.consume, signal);
    return { part, rows: counter.counted() };
  } catch (error) {
    if (!(error instanceof EnoughRowsError)) throw error;
    await pipeline(createReadStream(part.path, { end: error.bytes - 1 }), createWriteStream(path, { mode: 0o600 }));
    return { part: { ...part, path, bytes: error.bytes }, rows };
  }
}

interface RowCounter {
  readonly consume: (bytes: Buffer, offset: number, last: boolean) => number;
  readonly counted: () => number;
}

/** The rows are there; `bytes` tells where they end. */
class EnoughRowsError extends Error {
  override readonly name = 'EnoughRowsError';
  readonly bytes: number;

  constructor(bytes: number) {
    super('There are enough rows.');
    this.bytes = bytes;
  }
}

const lf = 10;

function countLines(wanted: number): RowCounter {
  let rows = 0;
  return {
    consume: (bytes, offset, last) => {
      let at = 0;
      for (;;) {
        if (rows >= wanted) throw new EnoughRowsError(offset + at);
        const stop = bytes.indexOf(lf, at);
        if (stop === -1) return last ? bytes.length : at;
        if (stop > at) rows += 1;
        at = stop + 1;
      }
    },
    counted: () => rows,
  };
}

function countRecords(dialect: CsvDialect, wanted: number): RowCounter {
  const comment = (dialect.comment ?? '') === '' ? undefined : Buffer.from(dialect.comment ?? '');
  let reader: ReturnType<typeof recordReader> | undefined;
  let newline = lf;
  let linesToSkip = dialect.skip_lines;
  // The header counts until it has been met.
  let rows = dialect.header ? -1 : 0;
  const consume = (bytes: Buffer, offset: number, last: boolean): number => {
    let at = 0;
    if (reader === undefined) {
      const end = firstLineEnd(bytes, dialect, last);
      if (end === undefined) return 0;
      reader = recordReader(dialect, end);
      newline = end === '\r' ? 13 : lf;
    }
    while (at < bytes.length) {
      if (rows >= wanted) throw new EnoughRowsError(offset + at);
      const isComment = comment !== undefined && bytes.subarray(at, at + comment.length).equals(comment);
      const status = linesToSkip > 0 || isComment ? 'line' : reader.read(bytes, at, bytes.length, last);
      if (status === 'more') return at;
      if (status === 'record') {
        if (reader.contentEnd > at) rows += 1;
        at = reader.next;
        continue;
      }
      const stop = bytes.indexOf(newline, at);
      if (stop === -1 && !last) return at;
      if (status === 'line') linesToSkip = Math.max(0, linesToSkip - 1);
      else rows += 1;
      at = stop === -1 ? bytes.length : stop + 1;
    }
    return at;
  };
  return { consume, counted: () => Math.max(0, rows) };
}
