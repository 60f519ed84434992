import { JsonScanner } from '../json/json-scanner.ts';
import { JsonSyntaxError } from '../json/json-syntax-error.ts';
import { recordLine } from '../json/record-line.ts';
import type { PartWriter } from '../part-writer.ts';
import { type RowSearch, searchTree } from '../row-search.ts';
import { InvalidJsonFileError, JsonRowsNotFoundError } from './errors.ts';

/**
 * Turns a JSON document into NDJSON lines without holding it.
 *
 * @param chunks  UTF-8
 * @returns       rows written
 */
export async function readJsonFile(
  shown: string,
  chunks: AsyncIterable<Uint8Array>,
  rows: RowSearch,
  writer: PartWriter,
): Promise<number> {
  let lines: Buffer[] = [];
  let count = 0;
  const place = { line: 1, column: 1 };
  const scanner = new JsonScanner(searchTree(rows), (raw) => {
    const line = recordLine(raw);
    if (line === undefined) return;
    count += 1;
    lines.push(line);
  });
  let chunk: Uint8Array = new Uint8Array(0);
  let offset = 0;
  try {
    for await (chunk of chunks) {
      scanner.write(chunk);
      advance(place, chunk, chunk.length);
      offset += chunk.length;
      const batch = Buffer.concat(lines);
      lines = [];
      await writer.write(batch);
    }
    const summary = scanner.end();
    if (!summary.reached) throw new JsonRowsNotFoundError(shown, rows.shown, summary.rootKind, summary.rootNames);
  } catch (cause) {
    if (!(cause instanceof JsonSyntaxError)) throw cause;
    advance(place, chunk, cause.offset - offset);
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
