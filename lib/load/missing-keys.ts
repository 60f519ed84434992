import { arrayLiteral } from '../dsql/array-literal.ts';
import { quoteIdentifier, quoteTable } from '../dsql/identifier.ts';
import { withRetries } from '../dsql/retry.ts';
import type { Target } from '../dsql/target.ts';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { quoteName, quoteText } from '../duckdb/quote.ts';
import type { KeyPiece } from './key-pieces.ts';
import { orderedId, type TargetTable } from './target-table.ts';

/** Keys read from the target at once. */
const pageRows = 10_000;

/** A row's key: the texts of its columns as the database writes them. */
export type Key = readonly string[];

export interface MissingRequest {
  readonly target: Pick<Target, 'retry' | 'sql'>;
  readonly session: DuckDbSession;
  readonly table: TargetTable;
  /** What identifies a row in the chunks and in the table: the id, or the key columns of a table that is not ours. */
  readonly identity: readonly string[];
  readonly piece: KeyPiece;
  /** Rows of the table up to this key have been looked at. */
  readonly after?: Key | undefined;
}

/** Keys of some rows of the table, in their order. */
export interface MissingPage {
  /** Those that the source does not have. */
  readonly missing: readonly Key[];
  /** The last key that was looked at. */
  readonly last: Key;
}

/**
 * Keys of the table that the source does not have, page by page: the database reads its keys in their order, and DuckDB
 * looks for them among those of the piece. Of the table it holds one page; of the source the piece's keys, on disk where
 * memory does not suffice. Rows without a key are left out; see `keylessRows`.
 */
export async function* missingPages(request: MissingRequest): AsyncGenerator<MissingPage> {
  const { identity, session, table, target } = request;
  const { range } = request.piece;
  const types = keyTypes(request);
  const ordered = await keepKeys(request, types);
  const names = identity.map(quoteIdentifier);
  const tuple = `(${names.join(', ')})`;
  const columns = names.map((name, index) => `${name}::text AS k${index}`).join(', ');
  const filled = nullableKeys(request).map((name) => `${name} IS NOT NULL`);
  let last = request.after;
  for (;;) {
    const given: string[] = [];
    const value = (text: string, index: number): string => `$${given.push(text)}::${types[index] ?? 'text'}`;
    const within = [
      ...filled,
      ...(range?.first === undefined ? [] : [`${tuple} >= (${value(range.first, 0)})`]),
      ...(range?.end === undefined ? [] : [`${tuple} < (${value(range.end, 0)})`]),
      ...(last === undefined ? [] : [`${tuple} > (${last.map(value).join(', ')})`]),
    ];
    const where = within.length === 0 ? '' : `WHERE ${within.join(' AND ')}`;
    const text = `SELECT ${columns} FROM ${quoteTable(table.name)} ${where} ORDER BY ${names.join(', ')} LIMIT ${pageRows}`;
    const page = await withRetries(
      'Reading the keys of the table',
      target.retry,
      async () => await target.sql.unsafe<Record<string, string>[]>(text, given),
    );
    const keys = page.map((row) => identity.map((_, index) => row[`k${index}`] ?? ''));
    const end = keys.at(-1);
    if (end === undefined) return;
    last = end;
    yield { missing: await missingKeys(session, keys, ordered), last };
    if (page.length < pageRows) return;
  }
}

/**
 * Rows of the table that have no key, which no source has. None in a table of ours.
 *
 * @returns a condition that finds them; undefined where there can be none
 */
export function keylessRows(request: Pick<MissingRequest, 'identity' | 'table'>): string | undefined {
  const nullable = nullableKeys(request);
  return nullable.length === 0 ? undefined : nullable.map((name) => `${name} IS NULL`).join(' OR ');
}

function nullableKeys({ identity, table }: Pick<MissingRequest, 'identity' | 'table'>): readonly string[] {
  const columns = table.columns.filter(({ name, nullable }) => nullable && identity.includes(name));
  return columns.map(({ name }) => quoteIdentifier(name));
}

/** The types of a table's key, in its order. */
export function keyTypes({ identity, table }: Pick<MissingRequest, 'identity' | 'table'>): readonly string[] {
  const types = new Map(table.columns.map((column) => [column.name, column.type]));
  return identity.map((name) => types.get(name) ?? 'text');
}

/**
 * Makes the table `kept` of the source's keys: of their texts as the database writes them; ids as such, and in their order.
 *
 * @returns whether they are in the order of the table's
 */
async function keepKeys(request: MissingRequest, types: readonly string[]): Promise<boolean> {
  const { identity, session, table, target } = request;
  const isId = identity.length === 1 && identity[0] === orderedId(table);
  const texts = identity.map((name) => `CAST(${quoteName(name)} AS VARCHAR)`);
  const key = isId ? `CAST(${texts[0]} AS UUID)` : `CAST(json_array(${texts.join(', ')}) AS VARCHAR)`;
  await session.run(`CREATE OR REPLACE TABLE kept (k ${isId ? 'UUID' : 'VARCHAR'})`);
  for (const relation of request.piece.kept) await session.run(`INSERT INTO kept SELECT ${key} FROM ${relation}`);
  if (isId) await session.run('CREATE OR REPLACE TABLE kept AS FROM kept ORDER BY k');
  else if (!types.every((type) => writtenAlike.has(type))) await writeAsDatabase(session, target, types);
  return isId;
}

/** Of the table's keys those that the source does not have. */
async function missingKeys(session: DuckDbSession, keys: readonly Key[], ordered: boolean): Promise<readonly Key[]> {
  const given = JSON.stringify(keys.map((parts, i) => ({ i, k: ordered ? parts[0] : JSON.stringify(parts) })));
  const type = ordered ? 'UUID' : 'VARCHAR';
  const from = `(SELECT unnest(from_json(${quoteText(given)}, '[{"i":"INTEGER","k":"${type}"}]'), recursive := true))`;
  // Of keys in order the others need not be read.
  const near = ordered ? `WHERE k BETWEEN '${keys[0]?.[0]}'::UUID AND '${keys.at(-1)?.[0]}'::UUID` : '';
  const rows = await session.rows(
    `SELECT i FROM ${from} AS given ANTI JOIN (SELECT k FROM kept ${near}) AS kept USING (k) ORDER BY i`,
  );
  return rows.map((row) => keys[Number(row.i)] ?? []);
}

/** Types whose values DuckDB and the database write as the same text. */
const writtenAlike: ReadonlySet<string> = new Set([
  'uuid',
  'smallint',
  'integer',
  'bigint',
  'text',
  'character varying',
]);

/** Gives the chunks' keys the text that the database has for them: `1.0` is `1` as double precision. */
async function writeAsDatabase(
  session: DuckDbSession,
  { retry, sql }: Pick<Target, 'retry' | 'sql'>,
  types: readonly string[],
): Promise<void> {
  const names = types.map((_, index) => `k${index}`);
  const arrays = types.map((type, index) => `$${index + 1}::${type}[]`);
  const text = `SELECT ${names.map((name) => `${name}::text AS ${name}`).join(', ')}
    FROM unnest(${arrays.join(', ')}) AS given (${names.join(', ')})`;
  await session.run('CREATE OR REPLACE TABLE written AS FROM kept LIMIT 0');
  // A key left out here would be a row deleted, so the end is known beforehand and no gap is taken for it.
  const [end] = await session.rows('SELECT coalesce(max(rowid) + 1, 0) AS rows FROM kept');
  for (let from = 0; from < Number(end?.rows ?? 0); from += pageRows) {
    const kept = await session.rows(`SELECT k FROM kept WHERE rowid >= ${from} AND rowid < ${from + pageRows}`);
    const keys = kept.map(({ k }) => JSON.parse(String(k)) as readonly string[]);
    const written = await withRetries(
      'Writing keys in the types of the table',
      retry,
      async () =>
        await sql.unsafe<Record<string, string>[]>(
          text,
          types.map((_, index) => arrayLiteral(keys.map((parts) => parts[index] ?? ''))),
        ),
    );
    const given = JSON.stringify(written.map((row) => ({ k: JSON.stringify(names.map((name) => row[name] ?? '')) })));
    await session.run(
      `INSERT INTO written SELECT k FROM (SELECT unnest(from_json(${quoteText(given)}, '[{"k":"VARCHAR"}]'), recursive := true))`,
    );
  }
  await session.run('CREATE OR REPLACE TABLE kept AS FROM written');
}
