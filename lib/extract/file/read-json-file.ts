import { isUtf8 } from 'node:buffer';
import { maxRecordBytes } from '../../record-limit.ts';
import { decodeLeniently } from '../encoding.ts';
import { needsDocument } from '../json/document-tree.ts';
import { likelyList } from '../json/envelope.ts';
import { JsonSyntaxError } from '../json/json-syntax-error.ts';
import { recordLine, recordProblem } from '../json/record-line.ts';
import type { RowSearch } from '../json/row-search.ts';
import { DocumentLimitReachedError, documentBytes, scanRecords } from '../json/scan-records.ts';
import type { PartWriter } from '../part-writer.ts';
import { rejectedBytes } from '../rejected-line.ts';
import type { MisfitRecord } from './decode-text.ts';
import { InvalidJsonFileError, JsonFileTooLargeError, JsonRowsNotFoundError } from './errors.ts';

/**
 * Turns a JSON document into NDJSON lines without holding it.
 *
 * @param chunks    UTF-8
 * @param onMisfit  records that are null or not valid UTF-8; their `line` is the ordinal of the record
 * @returns         rows written
 */
export async function readJsonFile(
  shown: string,
  chunks: AsyncIterable<Buffer>,
  rows: RowSearch,
  writer: PartWriter,
  onMisfit: (record: MisfitRecord) => void,
): Promise<number> {
  const lines: Buffer[] = [];
  let count = 0;
  let ordinal = 0;
  const place = { line: 1, column: 1 };
  // Where the document is held anyway, a fault may lie before the last piece.
  const held: Buffer[] | undefined = needsDocument(rows, {}) ? [] : undefined;
  let offset = 0;
  let last: Buffer = Buffer.alloc(0);
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      advance(place, last, last.length);
      offset += last.length;
      last = chunk;
      held?.push(chunk);
      yield chunk;
    }
  }
  try {
    const summary = await scanRecords(counted(), {
      rows,
      captures: {},
      wants: () => undefined,
      onRecord: (raw, member) => {
        ordinal += 1;
        const bare = isUtf8(raw) && raw.length < maxRecordBytes ? recordLine(raw) : undefined;
        const line = bare === undefined || member === undefined ? bare : (rows.nameMember?.(bare, member) ?? bare);
        if (line === undefined) {
          onMisfit({
            line: ordinal,
            reason: recordProblem(raw),
            raw: decodeLeniently(raw.subarray(0, rejectedBytes), 'utf-8'),
          });
          return;
        }
        count += 1;
        lines.push(line);
      },
      afterPiece: async () => {
        await writer.write(Buffer.concat(lines.splice(0)));
      },
    });
    if (!summary.reached && !(summary.itemsReached && summary.items === 0)) {
      const likely = likelyList(summary.envelope);
      throw new JsonRowsNotFoundError(shown, rows.shown, summary.rootKind, summary.rootNames, likely);
    }
  } catch (cause) {
    if (cause instanceof DocumentLimitReachedError) throw new JsonFileTooLargeError(shown, documentBytes);
    if (!(cause instanceof JsonSyntaxError)) throw cause;
    if (held === undefined) advance(place, last, cause.offset - offset);
    else {
      Object.assign(place, { line: 1, column: 1 });
      advance(place, Buffer.concat(held), cause.offset);
    }
    throw new InvalidJsonFileError(shown, cause.found, place.line, place.column, { cause });
  }
  return count;
}

/** Moves a 1-based place over the first `length` bytes of a chunk. Columns are counted in bytes. */
function advance(place: { line: number; column: number }, chunk: Uint8Array, length: number): void {
  let from = 0;
  for (;;) {
    const at = chunk.indexOf(0x0a, from);
    if (at === -1 || at >= length) break;
    place.line += 1;
    place.column = 1;
    from = at + 1;
  }
  place.column += Math.max(0, length - from);
}
