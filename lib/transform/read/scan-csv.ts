import { isUtf8 } from 'node:buffer';
import { splitRecord } from '../../csv-fields.ts';
import type { CsvDialect } from '../../manifest.ts';
import { maxRecordBytes } from '../../record-limit.ts';
import { UnreadableSourceError } from '../errors.ts';
import { walkBlocks } from './blocks.ts';
import { type LineEnd, type RecordStatus, recordReader } from './csv-record.ts';
import type { CsvScan } from './csv-scan.ts';
import { GoodRecords } from './good-records.ts';
import { LineIndex } from './line-index.ts';
import type { PartSlice } from './local-part.ts';
import type { UnreadableRows } from './unreadable-rows.ts';

export interface ScanArgs {
  readonly path: string;
  readonly copyPath: string;
  readonly source: string;
  readonly dialect: CsvDialect;
  readonly unreadable: UnreadableRows;
  readonly signal?: AbortSignal | undefined;
  /** Told the header's fields as soon as they are known, where so far DuckDB could read the file as it stands. */
  readonly onHeader?: ((names: readonly string[]) => void) | undefined;
  /** Which piece of a file it is, where it is not the whole. */
  readonly slice?: PartSlice | undefined;
}

/**
 * Decides for every record of a file whether it can be read, before DuckDB reads the good ones: ragged rows, bad
 * quoting, bytes that are no UTF-8 and NUL characters are rejected with line, reason and raw text, one line each, and
 * reading goes on behind that line. Blank lines and comments are skipped. One pass, in memory that does not grow.
 *
 * @param path      UTF-8 text; a byte order mark is skipped
 * @param copyPath  where the good records go when there are others
 * @throws {UnreadableSourceError} when the header itself cannot be read
 */
export async function scanCsv(args: ScanArgs): Promise<CsvScan> {
  const { dialect } = args;
  const comment = dialect.comment === undefined || dialect.comment === '' ? undefined : Buffer.from(dialect.comment);
  const good = new GoodRecords({ original: args.path, copyPath: args.copyPath, dialect });
  const lines = new LineIndex();
  let names: readonly string[] | undefined = dialect.header ? undefined : dialect.names;
  let expected = names?.length ?? 0;
  let headerRead = !dialect.header;
  let begun = false;
  let linesToSkip = dialect.skip_lines;
  const { before = 0, begins = true, more = false, until = Number.POSITIVE_INFINITY } = args.slice ?? {};
  let line = 1 + before;
  let stopped: number | undefined;
  let records = 0;
  let longest = 0;
  let innerLines = false;
  let lineEnd = args.slice?.lineEnd;
  let reader = recordReader(dialect, lineEnd ?? '\n');

  const consume = async (bytes: Buffer, offset: number, isLast: boolean): Promise<number> => {
    const end = bytes.length;
    if (stopped !== undefined) return end;
    const last = isLast && !more;
    let at = begins && offset === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
    if (lineEnd === undefined) {
      lineEnd = firstLineEnd(bytes, dialect, last);
      if (lineEnd === undefined) {
        return 0;
      }
      reader = recordReader(dialect, lineEnd);
    }
    const newline = lineEnd === '\r' ? 13 : 10;
    const settled = last ? end : bytes.lastIndexOf(newline) + 1;
    const suspect = settled === 0 || !isUtf8(bytes.subarray(0, settled)) || bytes.subarray(0, settled).includes(0);
    /** First byte behind the line that begins at `at`; undefined when its end is not among the bytes. */
    const lineAfter = (): number | undefined => {
      const stop = bytes.indexOf(newline, at);
      return stop === -1 ? (last ? end : undefined) : stop + 1;
    };
    while (at < end) {
      if (offset + at >= until && names !== undefined) {
        stopped = offset + at;
        return end;
      }
      if (comment !== undefined && end - at < comment.length && !last) {
        return at;
      }
      if (linesToSkip > 0 || (comment !== undefined && startsWith(bytes, comment, at))) {
        const next = lineAfter();
        if (next === undefined) {
          return at;
        }
        if (begun) {
          await good.leave(offset + at);
        }
        linesToSkip = Math.max(0, linesToSkip - 1);
        at = next;
        line += 1;
        continue;
      }
      let status: RecordStatus | Problem = reader.read(bytes, at, end, last);
      if (status === 'more') {
        if (end - at <= maxRecordBytes) {
          return at;
        }
        status = 'too_long';
      }
      // In a file of one column a blank line is a row without a value; elsewhere it is no row.
      if (status === 'record' && reader.contentEnd === at && !(headerRead && expected === 1)) {
        if (begun) {
          await good.leave(offset + at);
        }
        at = reader.next;
        line += 1;
        continue;
      }
      if (status === 'record' && suspect) {
        const record = bytes.subarray(at, reader.contentEnd);
        status = !isUtf8(record) ? 'not_utf8' : record.includes(0) ? 'nul' : status;
      }
      if (status === 'record' && reader.contentEnd - at > maxRecordBytes) {
        status = 'too_long';
      }
      if (!headerRead) {
        if (status !== 'record') {
          throw new UnreadableSourceError({
            source: args.source,
            problem: `the header in line ${line} cannot be read: it ${reasons[status](dialect.quote, 0, 0)}.`,
          });
        }
        names = splitRecord(bytes.toString('utf8', at, reader.contentEnd), dialect).map((field) => field.text);
        expected = names.length;
        headerRead = true;
        begun = true;
        const plain = offset + at === 0 && reader.innerLines === 0 && bytes[reader.contentEnd] === 10;
        line += 1 + reader.innerLines;
        at = reader.next;
        await good.begin(offset + at, plain);
        if (good.direct) args.onHeader?.(names);
        continue;
      }
      if (!begun) {
        begun = true;
        await good.begin(offset + at, offset + at === 0);
      }
      if (status === 'record') {
        expected ||= reader.fields;
        names ??= Array.from({ length: expected }, (_, i) => `column_${i + 1}`);
        if (reader.fields !== expected) {
          status = 'ragged';
        }
      }
      if (status === 'record') {
        records += 1;
        lines.add(records, line);
        const asItStands = newline === 10 && reader.next - reader.contentEnd <= 1;
        const writing = reader.strayQuote
          ? good.rewrite(bytes, at, reader.contentEnd, offset)
          : good.add(bytes, at, reader.contentEnd, asItStands, offset);
        if (writing !== undefined) {
          await writing;
        }
        longest = Math.max(longest, reader.contentEnd - at);
        innerLines ||= reader.innerLines > 0;
        line += 1 + reader.innerLines;
        at = reader.next;
        continue;
      }
      // A record whose end is known is given up whole; otherwise only its first line, and the next one begins anew.
      const whole = status === 'ragged' || status === 'not_utf8' || status === 'nul';
      const next = whole ? reader.next : (lineAfter() ?? (end - at > maxRecordBytes ? end : undefined));
      if (next === undefined) {
        return at;
      }
      await good.leave(offset + at);
      const contentEnd = whole ? reader.contentEnd : bytes[next - 1] === newline ? next - 1 : next;
      await args.unreadable.add({
        line,
        reason: `the line ${reasons[status](dialect.quote, reader.fields, expected)}`,
        raw: bytes.subarray(at, contentEnd),
      });
      line += whole ? 1 + reader.innerLines : 1;
      at = next;
    }
    return at;
  };

  const size = await walkBlocks(args.path, consume, args.signal);
  const { path, direct } = await good.close();
  return {
    names: names ?? dialect.names,
    records,
    path,
    direct,
    header: direct && dialect.header,
    longest,
    innerLines,
    lines,
    end: stopped ?? size,
    linesRead: line - 1 - before,
  };
}

type Problem = 'too_long' | 'not_utf8' | 'nul' | 'ragged';

const reasons: Readonly<
  Record<Exclude<RecordStatus, 'more' | 'record'> | Problem, (quote: string, found: number, expected: number) => string>
> = {
  text_after_quote: (quote) =>
    `has text behind a closing quote; a quote inside a quoted field is written ${quote}${quote}`,
  blank_before_quote: () =>
    'has blanks before an opening quote; a field is quoted from its first character on, unless csv.skip_initial_space is set',
  quote_not_closed: () => 'opens a quote that is never closed',
  lone_cr: () => 'has a carriage return inside an unquoted field',
  too_long: () => `is longer than ${maxRecordBytes >> 20} MiB, or opens a quote that is never closed`,
  not_utf8: () => 'has bytes that are not UTF-8',
  nul: () => 'holds a NUL character, which no text of the target can hold',
  ragged: (_, found, expected) => `has ${found} ${found === 1 ? 'field' : 'fields'} where ${expected} are expected`,
};

/** How the first line ends; undefined when more bytes are needed to tell. */
export function firstLineEnd(bytes: Buffer, dialect: CsvDialect, last: boolean): LineEnd | undefined {
  const quote = dialect.quote === '' ? -1 : dialect.quote.charCodeAt(0);
  let quoted = false;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i];
    if (byte === quote) {
      quoted = !quoted;
    } else if (!quoted && byte === 10) {
      return '\n';
    } else if (!quoted && byte === 13) {
      let feed = i + 1;
      while (bytes[feed] === 13) feed += 1;
      if (feed < bytes.length || last) {
        return bytes[feed] === 10 ? '\r\n' : '\r';
      }
    }
  }
  return last || bytes.length > maxRecordBytes ? '\n' : undefined;
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array, at: number): boolean {
  for (let i = 0; i < prefix.length; i += 1) {
    if (bytes[at + i] !== prefix[i]) {
      return false;
    }
  }
  return true;
}
