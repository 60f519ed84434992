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

/** Rows of the clean relation whose key another row of it has. */
export async function findSupersededRows(
  session: DuckDbSession,
  clean: string,
  keys: readonly string[],
  stays: 'first' | 'last',
): Promise<string | undefined> {
  const order = stays === 'first' ? 'o' : 'o DESC';
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
