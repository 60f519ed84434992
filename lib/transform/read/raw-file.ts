import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { quoteText } from '../../duckdb/quote.ts';
import { RowsUnaccountedError } from '../errors.ts';
import type { RawColumn } from './raw-rows.ts';

/**
 * Writes the rows of the selects, one after another, to a Parquet file, and gives the relation that reads them back
 * with their ordinal `o`. Parquet and not a table: it is the smaller, and it stays on the disk.
 *
 * @param selects  each gives exactly `c0`, `c1`, … of `columns`
 */
export async function writeRawRows(
  session: DuckDbSession,
  path: string,
  selects: readonly string[],
  columns: readonly RawColumn[],
): Promise<string> {
  if (selects.length === 0 || columns.length === 0) {
    const list = ['NULL::BIGINT AS o', ...columns.map((column, i) => `NULL::${column.duckType} AS c${i}`)];
    return `(SELECT ${list.join(', ')} LIMIT 0)`;
  }
  await session.run(`COPY (${selects.join(' UNION ALL ')}) TO ${quoteText(path)} (FORMAT parquet)`);
  const list = columns.map((_, i) => `c${i}`).join(', ');
  return `(SELECT file_row_number + 1 AS o, ${list} FROM read_parquet(${quoteText(path)}, file_row_number = true))`;
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
