import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';

/**
 * Finds rows that equal an earlier one in every column of the source. Hashes only point at candidates; equality decides.
 *
 * @param columns  SQL list of the columns
 * @param hash     SQL of their hash
 * @param hashes   a relation of which the hash can be computed faster than of the rows, where there is one
 * @returns a relation of their ordinals, column `o`; undefined when there are none
 */
export async function findRepeatedRows(
  session: DuckDbSession,
  raw: {
    readonly relation: string;
    readonly rows: number;
    readonly columns: string;
    readonly hash: string;
    readonly hashes?: string | undefined;
  },
): Promise<string | undefined> {
  if (raw.columns === '' || raw.rows < 2) {
    return undefined;
  }
  return duplicatesOf(session, {
    table: 'repeated_row',
    ...raw,
    hashes: raw.hashes ?? raw.relation,
    again: 'row_number() OVER (PARTITION BY {} ORDER BY o) > 1',
    kept: 'NULL::BIGINT',
  });
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
  clean: { readonly relation: string; readonly rows: number },
  keys: readonly string[],
  stays: 'first' | 'last',
  latestBy?: string,
): Promise<string | undefined> {
  const newest = latestBy === undefined ? '' : `${latestBy} DESC NULLS LAST, `;
  const order = stays === 'first' ? 'o' : `${newest}o DESC`;
  const columns = keys.join(', ');
  return duplicatesOf(session, {
    table: 'superseded_row',
    ...clean,
    hashes: clean.relation,
    hash: `hash(${columns})`,
    columns,
    again: `row_number() OVER (PARTITION BY {} ORDER BY ${order}) > 1`,
    kept: `first_value(o) OVER (PARTITION BY {} ORDER BY ${order})`,
  });
}

/** Hashes that are counted at once; each takes some 40 bytes of memory. */
const hashesAtOnce = 1_000_000;

async function duplicatesOf(
  session: DuckDbSession,
  args: {
    readonly table: string;
    readonly relation: string;
    /** A relation of which the hash can be computed as well. */
    readonly hashes: string;
    readonly rows: number;
    /** SQL of a hash of `columns`. */
    readonly hash: string;
    readonly columns: string;
    /** SQL conditions and values in which `{}` stands for the columns. */
    readonly again: string;
    readonly kept: string;
  },
): Promise<string | undefined> {
  const { columns, hash, hashes, relation, rows, table } = args;
  const shares = Math.max(1, Math.ceil(rows / hashesAtOnce));
  await session.run(`CREATE TABLE ${table}_hash (h UBIGINT)`);
  for (let share = 0; share < shares; share += 1) {
    const mine = shares === 1 ? '' : `WHERE h % ${shares} = ${share}`;
    await session.run(
      `INSERT INTO ${table}_hash SELECT h FROM (SELECT ${hash} AS h FROM ${hashes}) ${mine} GROUP BY h HAVING count(*) > 1`,
    );
  }
  const [twice] = await session.rows(`SELECT count(*) AS n FROM ${table}_hash`);
  if (Number(twice?.n) === 0) {
    return undefined;
  }
  await session.run(
    `CREATE TABLE ${table} AS SELECT o, kept FROM
      (SELECT o, ${args.kept.replace('{}', columns)} AS kept, ${args.again.replace('{}', columns)} AS again
       FROM ${relation} WHERE ${hash} IN (SELECT h FROM ${table}_hash)) WHERE again`,
  );
  const [found] = await session.rows(`SELECT count(*) AS n FROM ${table}`);
  return Number(found?.n) === 0 ? undefined : table;
}
