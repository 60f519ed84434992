import { join } from 'node:path';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { RowsUnaccountedError } from '../errors.ts';
import { type PartSelect, writePartGroups } from './part-groups.ts';
import type { RawColumn } from './raw-rows.ts';

/**
 * Writes the rows of parts, one part after another, to Parquet files, and gives the relation that reads them back with
 * their ordinal `o` and their hash `h`. Parquet and not a table: it is the smaller, and it stays on the disk.
 *
 * @param folder  for the files
 * @param parts   each gives exactly `c0`, `c1`, … of `columns`
 */
export async function writeRawRows(
  session: DuckDbSession,
  folder: string,
  parts: readonly PartSelect[],
  columns: readonly RawColumn[],
): Promise<string> {
  if (columns.length === 0 || parts.every(({ rows }) => rows === 0)) {
    const list = [
      'NULL::BIGINT AS o',
      'NULL::UBIGINT AS h',
      ...columns.map((column, i) => `NULL::${column.duckType} AS c${i}`),
    ];
    return `(SELECT ${list.join(', ')} LIMIT 0)`;
  }
  return await writePartGroups(session, parts, {
    path: (file) => join(folder, `raw-${file}.parquet`),
    written: `*, ${rowHash(columns.length)} AS h`,
    read: ['h', ...columns.map((_, i) => `c${i}`)].join(', '),
  });
}

/** SQL of the hash of a raw row of so many columns. */
export function rowHash(columns: number): string {
  return columns === 0 ? 'NULL::UBIGINT' : `hash(${Array.from({ length: columns }, (_, i) => `c${i}`).join(', ')})`;
}

/** @throws {RowsUnaccountedError} when the relation has another number of rows */
export async function countRows(
  session: DuckDbSession,
  relation: string,
  expected: number,
  where: string,
): Promise<void> {
  const [row] = await session.rows(`SELECT count(*) AS n FROM ${relation}`);
  const found = Number(row?.n);
  if (found !== expected) {
    throw new RowsUnaccountedError({ where, expected, found });
  }
}
