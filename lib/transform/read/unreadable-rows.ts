import { isUtf8 } from 'node:buffer';
import type { RejectedRow } from '../../manifest.ts';
import { Rejections } from '../result/rejections.ts';
import { openScratchWriter } from './scratch-writer.ts';

/** How much of a raw text is kept with a rejected row; the file and the line still tell where the rest is. */
const maxRawBytes = 256 << 10;

/** Rows that could not be read, gathered in a file as they are met. */
export interface UnreadableRows {
  readonly path: string;
  readonly rows: () => number;
  /** `line` is the line of a text, or the ordinal of an element. Bytes that are no UTF-8 are kept as base64 too. */
  readonly add: (row: { readonly line: number; readonly reason: string; readonly raw: Uint8Array }) => Promise<void>;
  /** The rows that follow come from this source. */
  readonly from: (source: string) => void;
  readonly close: () => Promise<void>;
}

/** Opens the file, and counts what is added in `rejections`; its lines are `RejectedRow` with the row as `{"raw": "…"}`. */
export async function openUnreadableRows(path: string, rejections = new Rejections()): Promise<UnreadableRows> {
  const writer = await openScratchWriter(path);
  let rows = 0;
  let source = '';
  return {
    path,
    rows: () => rows,
    from: (name) => {
      source = name;
    },
    add: async ({ line, reason, raw }) => {
      rows += 1;
      rejections.add({ source, row_number: line, column_name: null, reason });
      const kept = Buffer.from(raw.subarray(0, maxRawBytes));
      const text = kept.toString('utf8').replaceAll('\0', '\uFFFD');
      const row: RejectedRow = {
        source,
        row_number: line,
        column_name: null,
        reason,
        row: {
          raw: text,
          ...(isUtf8(kept) && !kept.includes(0) ? {} : { raw_base64: kept.toString('base64') }),
          ...(raw.length > maxRawBytes ? { raw_bytes: raw.length } : {}),
        },
      };
      await writer.write(Buffer.from(`${JSON.stringify(row)}\n`));
    },
    close: writer.close,
  };
}
