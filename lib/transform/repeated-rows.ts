import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import type { RawRows } from './read/raw-rows.ts';

/**
 * Finds rows that equal an earlier one in every column of the source. Hashes only point at candidates; equality decides.
 *
 * @returns a relation of their ordinals, column `o`; undefined when there are none
 */
export async function findRepeatedRows(session: DuckDbSession, raw: RawRows): Promise<string | undefined> {
  if (raw.columns.length === 0 || raw.rows < 2) {
    return undefined;
  }
  const columns = raw.columns.map((_, i) => `c${i}`).join(', ');
  return duplicatesOf(
    session,
    'repeated_row',
    raw.relation,
    columns,
    'row_number() OVER (PARTITION BY {} ORDER BY o) > 1',
  );
}

/**
 * Finds rows whose key another row has that stays: the first, the last, or (with `latestBy`, a column) the one with the
 * greatest value there, the last of them among equals; no value is less than any.
 *
 * @returns a relation of their ordinals, column `o`, with that of the row that stays, column `kept`; undefined when
 *   there are none
 */
export async function findSupersededRows(
  session: DuckDbSession,
  clean: string,
  keys: readonly string[],
  stays: 'first' | 'last',
  latestBy?: string,
): Promise<string | undefined> {
  const newest = latestBy === undefined ? '' : `${latestBy} DESC NULLS LAST, `;
  const order = stays === 'first' ? 'o' : `${newest}o DESC`;
  return duplicatesOf(
    session,
    'superseded_row',
    clean,
    keys.join(', '),
    `row_number() OVER (PARTITION BY {} ORDER BY ${order}) > 1`,
    `first_value(o) OVER (PARTITION BY {} ORDER BY ${order})`,
  );
}

async function duplicatesOf(
  session: DuckDbSession,
  table: string,
  relation: string,
  columns: string,
  condition: string,
  kept = 'NULL::BIGINT',
): Promise<string | undefined> {
  const hash = `hash(${columns})`;
  await session.run(
    `CREATE TABLE ${table}_hash AS SELECT h FROM (SELECT ${hash} AS h FROM ${relation}) GROUP BY h HAVING count(*) > 1`,
  );
  const [hashes] = await session.rows(`SELECT count(*) AS n FROM ${table}_hash`);
  if (Number(hashes?.n) === 0) {
    return undefined;
  }
  await session.run(
    `CREATE TABLE ${table} AS SELECT o, kept FROM
      (SELECT o, ${kept.replace('{}', columns)} AS kept, ${condition.replace('{}', columns)} AS again
       FROM ${relation} WHERE ${hash} IN (SELECT h FROM ${table}_hash)) WHERE again`,
  );
  const [rows] = await session.rows(`SELECT count(*) AS n FROM ${table}`);
  return Number(rows?.n) === 0 ? undefined : table;
}
