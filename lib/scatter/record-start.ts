import type { CsvDialect } from '../manifest.ts';
import { type LineEnd, recordReader } from '../transform/read/csv-record.ts';

/** Bytes in which the begin of a record is looked for. */
export const windowBytes = 1 << 20;
/** Records that have to follow one another, and line begins that are tried. */
const wantedRecords = 20;
const triedLines = 500;

/**
 * Where a record likely begins, at this byte of a CSV or behind it: the first line from which records of as many fields
 * as the header has follow. A guess: a quoted text may hold lines that look like records. The plan compares it with
 * where the records before it end.
 *
 * @param bytes  from the one before that byte on: a record begins at the very byte behind the end of a line
 */
export function guessRecordStart(
  bytes: Buffer,
  from: number,
  dialect: CsvDialect,
  { lineEnd, fields }: { readonly lineEnd: LineEnd; readonly fields: number },
): number {
  const newline = lineEnd === '\r' ? 13 : 10;
  const reader = recordReader(dialect, lineEnd);
  const isStart = (start: number): boolean => {
    let at = start;
    for (let found = 0; found < wantedRecords && at < bytes.length; ) {
      const status = reader.read(bytes, at, bytes.length, false);
      if (status === 'more') return found > 0 || at > start;
      if (status !== 'record') return false;
      if (reader.contentEnd > at || fields === 1) {
        if (reader.fields !== fields) return false;
        found += 1;
      }
      at = reader.next;
    }
    return true;
  };
  let stop = bytes.indexOf(newline);
  const first = stop;
  for (let tried = 0; stop !== -1 && tried < triedLines; tried += 1) {
    if (isStart(stop + 1)) return from + stop;
    stop = bytes.indexOf(newline, stop + 1);
  }
  return from + Math.max(0, first);
}
