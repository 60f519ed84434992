import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { parquetRows } from '../../duckdb/parquet-rows.ts';
import { quoteText } from '../../duckdb/quote.ts';
import { RowsUnaccountedError } from '../errors.ts';
import { scratchParquet } from '../scratch-parquet.ts';
import type { RawColumn } from './raw-rows.ts';

/**
 * Writes the rows of the selects, one after another, to a Parquet file, and gives the relation that reads them back
 * with their ordinal `o` and their hash `h`. Parquet and not a table: it is the smaller, and it stays on the disk.
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
    const list = [
      'NULL::BIGINT AS o',
      'NULL::UBIGINT AS h',
      ...columns.map((column, i) => `NULL::${column.duckType} AS c${i}`),
    ];
    return `(SELECT ${list.join(', ')} LIMIT 0)`;
  }
  const list = columns.map((_, i) => `c${i}`).join(', ');
  await session.run(
    `COPY (SELECT *, ${rowHash(columns.length)} AS h FROM (${selects.join(' UNION ALL ')})) TO ${quoteText(path)} ${scratchParquet()}`,
  );
  return `(SELECT file_row_number + 1 AS o, h, ${list} FROM ${parquetRows(path, { rowNumbers: true })})`;
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
