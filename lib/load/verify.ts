import { quoteIdentifier, quoteTable } from '../dsql/identifier.ts';
import { withRetries } from '../dsql/retry.ts';
import type { Target } from '../dsql/target.ts';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import type { Column } from '../manifest.ts';
import { extractedColumn } from '../service-columns.ts';
import type { ChunkRelation } from '../transform-result.ts';
import { renderArrays } from './batch.ts';
import { VerifyFailedError } from './errors.ts';
import { arrayType } from './statement.ts';
import { type TargetTable, tableText } from './target-table.ts';

export type VerifyMode = 'count' | 'full';

export interface VerifyRequest {
  readonly target: Target;
  readonly session: DuckDbSession;
  readonly table: TargetTable;
  readonly chunks: readonly ChunkRelation[];
  /** The columns that were written. */
  readonly columns: readonly Column[];
  readonly identity: readonly string[];
  readonly mode: VerifyMode;
  /** A row of the table that is newer by this column need not have the values that were read. */
  readonly latestBy?: string | undefined;
  readonly batchRows: number;
}

/**
 * Compares chunks with what is in the table. The rows go to the database once more, and it compares them with its own,
 * value by value in the column's type (`full`) or by key alone (`count`); so no two renderings of a value can differ.
 *
 * @returns rows found; what is found of some chunks and of others can be added up
 */
export async function countVerified(request: VerifyRequest): Promise<number> {
  const { identity, mode, session, table } = request;
  const { retry, sql } = request.target;
  // An unchanged row keeps the older time at which it was read.
  const extracted = extractedColumn(request.columns);
  const columns =
    mode === 'full'
      ? request.columns.filter((column) => column.name !== extracted)
      : request.columns.filter((column) => identity.includes(column.name));
  const types = new Map(table.columns.map((column) => [column.name, column.type]));
  const arrays = columns.map((column, index) => `$${index + 1}::${arrayType(types.get(column.name) ?? column.type)}`);
  const names = columns.map((column) => quoteIdentifier(column.name));
  const same = columns
    .filter((column) => !identity.includes(column.name))
    .map((column) => sameValue(column.name, types.get(column.name) ?? column.type));
  const newer =
    request.latestBy === undefined
      ? []
      : [`t.${quoteIdentifier(request.latestBy)} > given.${quoteIdentifier(request.latestBy)}`];
  const condition = [...newer, same.length === 0 ? 'true' : same.join(' AND ')].map((part) => `(${part})`).join(' OR ');
  const join = identity.map((name) => `t.${quoteIdentifier(name)} = given.${quoteIdentifier(name)}`).join(' AND ');
  const text = `SELECT count(*) AS n FROM unnest(${arrays.join(', ')}) AS given (${names.join(', ')})
    JOIN ${quoteTable(table.name)} t ON ${join} WHERE ${condition}`;
  let found = 0;
  for (const chunk of request.chunks) {
    for await (const batches of renderArrays(session, chunk, columns, request.batchRows)) {
      for (const batch of batches) {
        const [row] = await withRetries(
          'Verifying',
          retry,
          async () => await sql.unsafe<{ readonly n: string }[]>(text, [...batch.arrays], { prepare: true }),
        );
        found += Number(row?.n ?? 0);
      }
    }
  }
  return found;
}

/** What was verified, where all rows were found. */
export interface Verified {
  readonly mode: VerifyMode;
  readonly found: number;
  /** Rows that must be there: the clean ones without those that the database refused. */
  readonly expected: number;
}

/**
 * What a person is told of a verification, e.g. `full: 3,500 rows`.
 *
 * @throws {VerifyFailedError} terminal: some rows are missing or differ
 */
export function verifiedText(table: TargetTable, { expected, found, mode }: Verified): string {
  if (found !== expected) throw new VerifyFailedError(tableText(table.name), found, expected, mode);
  return `${mode}: ${found.toLocaleString('en')} rows`;
}

/** Equality after the column's own length or scale has been applied; `json` has no equality of its own. */
function sameValue(name: string, type: string): string {
  const column = quoteIdentifier(name);
  if (type === 'json') return `t.${column}::text IS NOT DISTINCT FROM given.${column}::text`;
  return `t.${column} IS NOT DISTINCT FROM given.${column}::${type}`;
}
