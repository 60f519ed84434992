import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { placeOf, type RawRows, type RowPlace } from './raw-rows.ts';

/** The source of a row and its line there (or its ordinal); of an element those of its record. */
export async function placeOfRow(
  session: DuckDbSession,
  { exploded, parts, relation }: RawRows,
  ordinal: number,
): Promise<RowPlace> {
  if (exploded === undefined) return placeOf(parts, ordinal);
  const [row] = await session.rows(`SELECT r FROM ${relation} WHERE o = ${ordinal}`);
  return placeOf(parts, Number(row?.r));
}
