import { arrayLiteral } from '../dsql/array-literal.ts';
import { quoteIdentifier, quoteTable } from '../dsql/identifier.ts';
import { withRetries } from '../dsql/retry.ts';
import type { Target } from '../dsql/target.ts';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { quoteName, quoteText } from '../duckdb/quote.ts';
import { type Fence, fenced } from '../state/fence.ts';
import type { ChunkRelation } from '../transform-result.ts';
import { type RejectedBy, RejectedReplaceError, ShrinkRefusedError } from './errors.ts';
import { type TargetTable, tableText } from './target-table.ts';

/** Keys read from the target at once. */
const pageRows = 10_000;

/** Rows deleted in one transaction; cascades count too, so not the 3,000 that DSQL allows. */
const deleteRows = 1_000;

export interface ShrinkCheck {
  readonly table: TargetTable;
  readonly rows: number;
  /** 0 to 1; 0.5: a source of less than half the table's rows is refused. */
  readonly maxShrink: number;
}

/**
 * Refuses a replacement that would take away more of the table than is likely meant. Before anything is written.
 *
 * @throws {ShrinkRefusedError} when the source is empty and the table is not, or shrinks by more than `maxShrink`
 */
export async function checkShrink({ retry, sql }: Target, { maxShrink, rows, table }: ShrinkCheck): Promise<void> {
  const [counted] = await withRetries(
    'Counting the rows of the table',
    retry,
    async () => await sql.unsafe<{ readonly n: string }[]>(`SELECT count(*) AS n FROM ${quoteTable(table.name)}`),
  );
  const present = Number(counted?.n ?? 0);
  if (present > 0 && (rows === 0 || rows < present * (1 - maxShrink))) {
    throw new ShrinkRefusedError(tableText(table.name), present, rows, maxShrink);
  }
}

export interface DeleteRequest {
  readonly target: Target;
  readonly fence: Fence;
  readonly session: DuckDbSession;
  readonly table: TargetTable;
  readonly chunks: readonly ChunkRelation[];
  /** What identifies a row in the chunks and in the table: the id, or the key columns of a table that is not ours. */
  readonly identity: readonly string[];
}

/**
 * Deletes the rows of the table that the chunks do not have, after the chunks' own rows are in: readers never see an
 * empty table. Reads the table's keys page by page in their order, and deletes in transactions of 1,000.
 *
 * @returns rows deleted by this call
 * Killed midway: some of them are deleted; a repeat deletes the others.
 */
export async function deleteMissing(request: DeleteRequest): Promise<number> {
  const { fence, identity, table, target } = request;
  const tuple = `(${identity.map(quoteIdentifier).join(', ')})`;
  const types = typesOf(table);
  const arrays = identity.map(
    (name, index) => `$${index + 1}::text::${(types.get(name) ?? 'text').replace(/\(.*\)/, '')}[]`,
  );
  let deleted = 0;
  for await (const missing of missingPages(request)) {
    for (let from = 0; from < missing.length; from += deleteRows) {
      const group = missing.slice(from, from + deleteRows);
      deleted += await fenced('Deleting rows that the source no longer has', target, fence, async (transaction) => {
        const result = await transaction.unsafe(
          `DELETE FROM ${quoteTable(table.name)} WHERE ${tuple} IN (SELECT * FROM unnest(${arrays.join(', ')}))`,
          identity.map((_, index) => arrayLiteral(group.map((parts) => parts[index] ?? ''))),
        );
        return result.count ?? 0;
      });
    }
  }
  return deleted;
}

/**
 * Refuses a replacement that would delete rows while rows of the source are rejected: a row that seems gone may be one of
 * them. Before anything is written; or before anything is deleted, where the database refused rows, for a row that
 * seems gone may be in their way.
 *
 * @throws {RejectedReplaceError} when the table has rows that the chunks do not have
 */
export async function checkNothingMissing(
  request: Omit<DeleteRequest, 'fence'> & {
    readonly rejected: { readonly rows: number; readonly by: RejectedBy };
  },
): Promise<void> {
  let missing = 0;
  for await (const page of missingPages(request)) missing += page.length;
  if (missing > 0) throw new RejectedReplaceError(tableText(request.table.name), missing, request.rejected);
}

/** Keys of the table that no chunk has, page by page. */
export async function* missingPages({
  chunks,
  identity,
  session,
  table,
  target,
}: Omit<DeleteRequest, 'fence'>): AsyncGenerator<readonly (readonly string[])[]> {
  const names = identity.map(quoteIdentifier);
  const key = `json_array(${identity.map((name) => `CAST(${quoteName(name)} AS VARCHAR)`).join(', ')})`;
  await session.run('CREATE OR REPLACE TABLE kept (k VARCHAR)');
  for (const { relation } of chunks) {
    await session.run(`INSERT INTO kept SELECT CAST(${key} AS VARCHAR) FROM ${relation}`);
  }
  const types = typesOf(table);
  const keyTypes = identity.map((name) => types.get(name) ?? 'text');
  if (!keyTypes.every((type) => writtenAlike.has(type))) await writeAsDatabase(session, target, keyTypes);
  const columns = names.map((name, index) => `${name}::text AS k${index}`).join(', ');
  const bounds = identity.map((name, index) => `$${index + 1}::text::${types.get(name) ?? 'text'}`);
  let last: readonly string[] | undefined;
  for (;;) {
    const where = last === undefined ? '' : `WHERE (${names.join(', ')}) > (${bounds.join(', ')})`;
    const text = `SELECT ${columns} FROM ${quoteTable(table.name)} ${where} ORDER BY ${names.join(', ')} LIMIT ${pageRows}`;
    const page = await withRetries(
      'Reading the keys of the table',
      target.retry,
      async () => await target.sql.unsafe<Record<string, string>[]>(text, [...(last ?? [])]),
    );
    if (page.length === 0) return;
    const keys = page.map((row) => identity.map((_, index) => row[`k${index}`] ?? ''));
    last = keys.at(-1);
    yield await missingKeys(session, keys);
    if (page.length < pageRows) return;
  }
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
  const arrays = types.map((type, index) => `$${index + 1}::text::${type}[]`);
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

function typesOf(table: TargetTable): ReadonlyMap<string, string> {
  return new Map(table.columns.map((column) => [column.name, column.type]));
}

/** Of the table's keys those that no chunk has. */
async function missingKeys(
  session: DuckDbSession,
  keys: readonly (readonly string[])[],
): Promise<readonly (readonly string[])[]> {
  const given = JSON.stringify(keys.map((parts, index) => ({ i: index, k: JSON.stringify(parts) })));
  const rows = await session.rows(`
    SELECT i FROM (SELECT unnest(from_json(${quoteText(given)}, '[{"i":"INTEGER","k":"VARCHAR"}]'), recursive := true)) AS given
     WHERE k NOT IN (SELECT k FROM kept) ORDER BY i`);
  return rows.map((row) => keys[Number(row.i)] ?? []);
}
