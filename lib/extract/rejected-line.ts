import type { RejectedRow } from '../manifest.ts';

/** Characters of a row that cannot be parsed which are kept; a row of a broken file may be the rest of the file. */
const rawCharacters = 64 * 1024;
/** Bytes that hold as many characters at least, in UTF-8. */
export const rejectedBytes = 4 * rawCharacters + 4;

/** A rejected row as one NDJSON line. `raw` is shown as UTF-8, with U+FFFD for what is none. */
export function rejectedLine(
  source: string,
  rowNumber: number | null,
  columnName: string | null,
  reason: string,
  raw: Uint8Array | string,
): Buffer {
  const text = typeof raw === 'string' ? raw : new TextDecoder().decode(raw.subarray(0, rejectedBytes));
  const row: RejectedRow = {
    source,
    row_number: rowNumber,
    column_name: columnName,
    reason,
    row: { raw: text.length > rawCharacters ? `${text.slice(0, rawCharacters)}…` : text },
  };
  return Buffer.from(`${JSON.stringify(row)}\n`);
}
