import { isUtf8 } from 'node:buffer';
import { maxRecordBytes } from '../../record-limit.ts';
import { walkBlocks } from './blocks.ts';
import { isBlank } from './csv-record.ts';
import { GoodRecords } from './good-records.ts';
import { LineIndex } from './line-index.ts';
import type { PartSlice } from './local-part.ts';
import type { UnreadableRows } from './unreadable-rows.ts';

/** What a walk over the lines of a file has found. */
export interface LineScan {
  /** Lines that may be rows; DuckDB has to find as many. */
  readonly records: number;
  /** Where DuckDB finds them: the file itself, or a copy without the others. */
  readonly path: string;
  /** The longest line, in bytes. */
  readonly longest: number;
  readonly lines: LineIndex;
  /** Lines that were walked over. */
  readonly linesRead: number;
}

/**
 * Finds the lines of an NDJSON file: blank ones are skipped, those with bytes that are no UTF-8 or with control
 * characters that no JSON may hold are rejected. Whether a line is JSON is decided later, by DuckDB.
 *
 * @param copyPath  where the good lines go when there are others, or when they end in CRLF
 */
export async function scanLines(args: {
  readonly path: string;
  readonly copyPath: string;
  readonly unreadable: UnreadableRows;
  readonly signal?: AbortSignal | undefined;
  /** Which piece of a file it is, where it is not the whole. */
  readonly slice?: PartSlice | undefined;
}): Promise<LineScan> {
  const good = new GoodRecords({ original: args.path, copyPath: args.copyPath });
  const lines = new LineIndex();
  const { before = 0, begins = true } = args.slice ?? {};
  let line = before;
  let records = 0;
  let longest = 0;

  const consume = async (bytes: Buffer, offset: number, last: boolean): Promise<number> => {
    const end = bytes.length;
    let at = 0;
    if (offset === 0) {
      at = begins && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
      await good.begin(at, at === 0);
    }
    const settled = last ? end : bytes.lastIndexOf(10) + 1;
    const region = bytes.subarray(0, settled);
    const suspect = settled === 0 || !isUtf8(region) || region.includes(0) || region.includes(1) || region.includes(2);
    while (at < end) {
      const stop = bytes.indexOf(10, at);
      if (stop === -1 && !last && end - at <= maxRecordBytes) {
        return at;
      }
      const next = stop === -1 ? end : stop + 1;
      const lineEnd = stop === -1 ? end : stop;
      const contentEnd = lineEnd > at && bytes[lineEnd - 1] === 13 ? lineEnd - 1 : lineEnd;
      line += 1;
      const problem =
        suspect || contentEnd - at > maxRecordBytes ? problemOf(bytes.subarray(at, contentEnd)) : undefined;
      if (problem !== undefined) {
        await good.leave(offset + at);
        await args.unreadable.add({ line, reason: `the line ${problem}`, raw: bytes.subarray(at, contentEnd) });
      } else if (isBlank(bytes, at, contentEnd)) {
        await good.leave(offset + at);
      } else {
        records += 1;
        lines.add(records, line);
        longest = Math.max(longest, contentEnd - at);
        const writing = good.add(bytes, at, contentEnd, contentEnd === lineEnd, offset);
        if (writing !== undefined) {
          await writing;
        }
      }
      at = next;
    }
    return at;
  };

  await walkBlocks(args.path, consume, args.signal);
  const { path } = await good.close();
  return { records, path, longest, lines, linesRead: line - before };
}

function problemOf(content: Buffer): string | undefined {
  if (!isUtf8(content)) {
    return 'has bytes that are not UTF-8';
  }
  if (content.includes(0) || content.includes(1) || content.includes(2)) {
    return 'is not valid JSON: it holds a bare control character';
  }
  return content.length > maxRecordBytes ? `is longer than ${maxRecordBytes >> 20} MiB` : undefined;
}
