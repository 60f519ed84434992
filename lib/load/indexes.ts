import { createHash } from 'node:crypto';
import type { Sql } from '../dsql/connect.ts';
import { quoteIdentifier, quoteTable, type TableName } from '../dsql/identifier.ts';
import { maxIdentifierBytes } from '../dsql/limits.ts';
import { type RetryContext, runStatement } from '../dsql/retry.ts';
import { IndexFailedError } from './errors.ts';
import { tableText } from './target-table.ts';

export interface IndexDemand {
  readonly columns: readonly string[];
  readonly unique: boolean;
}

const pollEveryMs = 250;

/** The index's name: of the table and its columns, cut with a hash where PostgreSQL would cut it blindly. */
export function indexName(table: TableName, demand: IndexDemand): string {
  const whole = [table.table, ...demand.columns, demand.unique ? 'key' : 'idx'].join('_');
  if (Buffer.byteLength(whole) <= maxIdentifierBytes) return whole;
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, 8);
  let head = whole;
  while (Buffer.byteLength(head) > maxIdentifierBytes - hash.length - 1) head = head.slice(0, -1);
  return `${head}_${hash}`;
}

/**
 * Builds the indexes that are missing, one after another with CREATE INDEX ASYNC, and waits for each: after the load,
 * because an index that is there makes every batch dearer.
 *
 * @throws {IndexFailedError} terminal: the database gave the build up, e.g. for duplicates under a unique index
 * Killed midway: a build that was begun goes on in the database; the next call waits for it.
 */
export async function buildIndexes(
  sql: Sql,
  table: TableName,
  demands: readonly IndexDemand[],
  where: { readonly endpoint: string; readonly user: string },
  retry: RetryContext,
): Promise<void> {
  for (const demand of demands) {
    const name = indexName(table, demand);
    const what = `CREATE INDEX ${name}`;
    if ((await indexState(sql, table, name)) === 'missing') {
      await runStatement(what, where, retry, async () => {
        const columns = demand.columns.map(quoteIdentifier).join(', ');
        const unique = demand.unique ? 'UNIQUE ' : '';
        return await sql.unsafe(
          `CREATE ${unique}INDEX ASYNC IF NOT EXISTS ${quoteIdentifier(name)} ON ${quoteTable(table)} (${columns})`,
        );
      });
    }
    for (;;) {
      const state = await runStatement(what, where, retry, () => indexState(sql, table, name));
      if (state === 'valid') break;
      const failure = await jobFailure(sql, table, name);
      if (failure !== undefined) throw new IndexFailedError(name, tableText(table), failure);
      await retry.clock.sleep(pollEveryMs, retry.signal);
    }
  }
}

async function indexState(sql: Sql, table: TableName, name: string): Promise<'missing' | 'building' | 'valid'> {
  const rows = await sql<{ readonly indisvalid: boolean }[]>`
    SELECT i.indisvalid FROM pg_catalog.pg_index i
      JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ${table.schema} AND c.relname = ${name}`;
  if (rows[0] === undefined) return 'missing';
  return rows[0].indisvalid ? 'valid' : 'building';
}

/** What the database says of a build that it gave up; undefined while it is under way. */
async function jobFailure(sql: Sql, table: TableName, name: string): Promise<string | undefined> {
  const rows = await sql<{ readonly status: string; readonly details: string | null }[]>`
    SELECT status, details FROM sys.jobs
     WHERE object_name IN (${name}, ${`${table.schema}.${name}`}) ORDER BY start_time DESC LIMIT 1`;
  const job = rows[0];
  return job !== undefined && ['failed', 'cancelled'].includes(job.status)
    ? (job.details ?? `the job ${job.status}`)
    : undefined;
}
