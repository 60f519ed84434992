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

/** The files that rows of parts are written to. */
interface PartFiles {
  /** Of the file of that number. */
  readonly path: (file: number) => string;
  /** SQL list of what is written of each row. */
  readonly written: string;
  /** SQL list of what is read back. */
  readonly read: string;
  /** How often a row is in memory while what is read back is worked on, 1 when left out: a row group is held until all of it is. */
  readonly copies?: number | undefined;
}

/** Bytes of parts that one statement writes, about. */
const groupBytes = 32 * 1024 * 1024;

/**
 * Writes the rows of parts, one part after another, to Parquet files. A statement writes some 32 MB of parts, or one larger
 * part, and the next statement follows it: DuckDB reads the parts of one statement side by side, and to keep their order
 * holds what it reads of later parts until the first one is written.
 *
 * @returns a relation of `read` with the rows' ordinals `o`, from 1
 */
export async function writePartGroups(
  session: DuckDbSession,
  parts: readonly PartSelect[],
  { copies = 1, path, read, written }: PartFiles,
): Promise<string> {
  const rowBytes = (copies * sum(parts, ({ bytes }) => bytes)) / Math.max(1, rowsOf(parts));
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
