import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { parquetRows } from '../../duckdb/parquet-rows.ts';
import { quoteText } from '../../duckdb/quote.ts';
import { scratchParquet } from '../scratch-parquet.ts';

/** The rows of a part, and how many there are. */
export interface PartSelect {
  readonly sql: string;
  readonly rows: number;
  /** Of the part, about. */
  readonly bytes: number;
}

/** Bytes of parts that one statement writes, about. */
const groupBytes = 32 * 1024 * 1024;

/**
 * Writes the rows of parts, one part after another, to Parquet files. A statement writes some 32 MB of parts, or one larger
 * part, and the next statement follows it: DuckDB reads the parts of one statement side by side, and to keep their order
 * holds what it reads of later parts until the first one is written.
 *
 * @param path     of the file of that number
 * @param written  SQL list of what is written of each row
 * @param read     SQL list of what is read back
 * @returns a relation of `read` with the rows' ordinals `o`, from 1
 */
export async function writePartGroups(
  session: DuckDbSession,
  parts: readonly PartSelect[],
  { path, read, written }: { readonly path: (file: number) => string; readonly written: string; readonly read: string },
): Promise<string> {
  const rowBytes = sum(parts, ({ bytes }) => bytes) / Math.max(1, rowsOf(parts));
  const paths: string[] = [];
  const bases: number[] = [];
  let base = 0;
  for (const group of groupParts(parts)) {
    const file = path(paths.length);
    await session.run(
      `COPY (SELECT ${written} FROM (${group.map(({ sql }) => sql).join(' UNION ALL ')}))
         TO ${quoteText(file)} ${scratchParquet(rowBytes)}`,
    );
    paths.push(file);
    bases.push(base);
    base += rowsOf(group);
  }
  const before = bases.length === 1 ? '0' : `[${bases.join(', ')}][file_index::BIGINT + 1]`;
  return `(SELECT file_row_number + 1 + ${before} AS o, ${read} FROM ${parquetRows(paths, { rowNumbers: true })})`;
}

/** Parts that have rows, in their order, as they are written together. */
function groupParts(parts: readonly PartSelect[]): readonly (readonly PartSelect[])[] {
  const groups: PartSelect[][] = [];
  let bytes = groupBytes;
  for (const part of parts.filter(({ rows }) => rows > 0)) {
    if (bytes >= groupBytes) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(part);
    bytes += part.bytes;
  }
  return groups;
}

function rowsOf(parts: readonly PartSelect[]): number {
  return sum(parts, ({ rows }) => rows);
}

function sum(parts: readonly PartSelect[], of: (part: PartSelect) => number): number {
  return parts.reduce((all, part) => all + of(part), 0);
}
