import type { CsvDialect } from '../../manifest.ts';

/**
 * The grammar of one CSV record, RFC 4180 with the dialect's delimiter, quote and escape: a field is quoted from its
 * first byte to its last, or not at all. A quote inside an unquoted field stands for itself (`5" pipe`), but not behind
 * mere blanks, where it was surely meant to quote.
 */
export interface RecordReader {
  /** Reads the record at `start`; the results are in the fields below. */
  readonly read: (bytes: Uint8Array, start: number, end: number, last: boolean) => RecordStatus;
  /** Fields of the record read. */
  fields: number;
  /** First byte after the record's content. */
  contentEnd: number;
  /** First byte after the record's line end; equal to contentEnd at the end of the file. */
  next: number;
  /** Line ends inside quoted fields. */
  innerLines: number;
  /** An unquoted field holds a quote. */
  strayQuote: boolean;
}

/** more: the record does not end within the bytes. Otherwise a record, or what is wrong with it. */
export type RecordStatus =
  | 'more'
  | 'record'
  | 'text_after_quote'
  | 'blank_before_quote'
  | 'quote_not_closed'
  | 'lone_cr';

export type LineEnd = '\n' | '\r\n' | '\r';

const lf = 10;
const cr = 13;

/** `lineEnd` '\r' reads records that end in a lone CR, as old Macintosh files do; else LF and CRLF both end a record. */
export function recordReader(dialect: CsvDialect, lineEnd: LineEnd): RecordReader {
  const delimiter = Buffer.from(dialect.delimiter);
  const first = delimiter[0] ?? 44;
  const quote = dialect.quote === '' ? -1 : (Buffer.from(dialect.quote)[0] ?? -1);
  const escapeMark = dialect.escape === '' ? quote : (Buffer.from(dialect.escape)[0] ?? quote);
  const oldMac = lineEnd === '\r';
  const skipBlanks = dialect.skip_initial_space === true;
  const stop = new Uint8Array(256);
  stop[first] = 1;
  stop[lf] = 1;
  stop[cr] = 1;
  if (quote !== -1) {
    stop[quote] = 1;
  }

  const isDelimiter = (bytes: Uint8Array, at: number): boolean => {
    for (let i = 1; i < delimiter.length; i += 1) {
      if (bytes[at + i] !== delimiter[i]) {
        return false;
      }
    }
    return true;
  };

  const reader: RecordReader = {
    fields: 0,
    contentEnd: 0,
    next: 0,
    innerLines: 0,
    strayQuote: false,
    read(bytes, start, end, last) {
      let i = start;
      let fields = 1;
      let innerLines = 0;
      let strayQuote = false;
      const finish = (contentEnd: number, next: number): RecordStatus => {
        reader.fields = fields;
        reader.innerLines = innerLines;
        reader.strayQuote = strayQuote;
        reader.contentEnd = contentEnd;
        reader.next = next;
        return 'record';
      };
      for (;;) {
        let quoted = false;
        if (skipBlanks) i = behindBlanks(bytes, i, end, first);
        const fieldStart = i;
        if (i < end && bytes[i] === quote) {
          quoted = true;
          i += 1;
          for (;;) {
            let byte = -1;
            while (i < end) {
              byte = bytes[i] as number;
              if (byte === quote || byte === escapeMark) {
                break;
              }
              if (byte === (oldMac ? cr : lf)) {
                innerLines += 1;
              }
              i += 1;
            }
            if (i >= end) {
              return last ? 'quote_not_closed' : 'more';
            }
            if (i + 1 >= end && !last) {
              return 'more';
            }
            const following = i + 1 < end ? bytes[i + 1] : -1;
            if (byte === escapeMark && (following === quote || (escapeMark !== quote && following === escapeMark))) {
              i += 2;
            } else if (byte === quote) {
              i += 1;
              break;
            } else {
              i += 1;
            }
          }
        }
        for (;;) {
          while (!quoted && i < end && stop[bytes[i] as number] === 0) {
            i += 1;
          }
          if (i >= end) {
            return last ? finish(end, end) : 'more';
          }
          const byte = bytes[i] as number;
          if (byte === lf && !oldMac) {
            return finish(i, i + 1);
          }
          if (byte === cr) {
            if (oldMac) {
              return finish(i, i + 1);
            }
            // A program that writes CR LF for each LF writes CR CR LF for a CR LF.
            const feed = behindReturns(bytes, i, end);
            if (feed >= end && !last) {
              return 'more';
            }
            if (feed < end && bytes[feed] === lf) {
              return finish(i, feed + 1);
            }
            return 'lone_cr';
          }
          if (byte === first) {
            if (i + delimiter.length > end && !last) {
              return 'more';
            }
            if (isDelimiter(bytes, i)) {
              fields += 1;
              i += delimiter.length;
              break;
            }
          }
          if (quoted && skipBlanks && isBlankByte(byte)) {
            i += 1;
            continue;
          }
          if (quoted) {
            return 'text_after_quote';
          }
          if (byte === quote) {
            if (isBlank(bytes, fieldStart, i)) {
              return 'blank_before_quote';
            }
            strayQuote = true;
          }
          i += 1;
        }
      }
    },
  };
  return reader;
}

/** First place behind a run of carriage returns. */
function behindReturns(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] === cr) at += 1;
  return at;
}

/** First place that is no blank, or is the delimiter's first byte. */
function behindBlanks(bytes: Uint8Array, start: number, end: number, delimiter: number): number {
  let at = start;
  while (at < end && bytes[at] !== delimiter && isBlankByte(bytes[at])) at += 1;
  return at;
}

function isBlankByte(byte: number | undefined): boolean {
  return byte === 32 || byte === 9;
}

/** Nothing but spaces and tabs; also true of nothing at all. */
export function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i += 1) {
    if (!isBlankByte(bytes[i])) {
      return false;
    }
  }
  return true;
}
