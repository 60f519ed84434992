import { createHash } from 'node:crypto';
import type { Sql } from '../dsql/connect.ts';
import { quoteIdentifier, quoteTable, type TableName } from '../dsql/identifier.ts';
import { runStatement, type Target } from '../dsql/target.ts';
import { maxIdentifierBytes } from '../limits.ts';
import type { Fence } from '../state/fence.ts';
import { changeTable, type Ddl } from './change-table.ts';
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
 * because an index that is there makes every batch dearer. One run issues the statement, every run waits for the build;
 * waiting keeps nobody from changing the table.
 *
 * @throws {TableBusyError} transient: other runs have been changing the table for too long
 * @throws {IndexFailedError} terminal: the database gave the build up, e.g. for duplicates under a unique index
 * Killed midway: a build that was begun goes on in the database; the next call waits for it.
 */
export async function buildIndexes(
  target: Target,
  table: TableName,
  demands: readonly IndexDemand[],
  fence?: Fence,
): Promise<void> {
  for (const demand of demands) {
    const name = indexName(table, demand);
    const { text, what } = indexDdl(table, demand);
    for (let waited = false; ; waited = true) {
      const failure = waited ? await runStatement(what, target, () => jobFailure(target.sql, table, name)) : undefined;
      if (failure !== undefined) throw new IndexFailedError(name, tableText(table), failure);
      const state = await changeTable(
        target,
        table,
        () => indexState(target.sql, table, name),
        (present) => (present === 'missing' ? [{ what, text }] : []),
        fence,
      );
      if (state === 'valid') break;
      await target.retry.clock.sleep(pollEveryMs, target.retry.signal);
    }
  }
}

/** The statement that begins the build of an index. */
function indexDdl(table: TableName, demand: IndexDemand): Ddl {
  const name = indexName(table, demand);
  const columns = demand.columns.map(quoteIdentifier).join(', ');
  const unique = demand.unique ? 'UNIQUE ' : '';
  return {
    what: `CREATE INDEX ${name}`,
    text: `CREATE ${unique}INDEX ASYNC IF NOT EXISTS ${quoteIdentifier(name)} ON ${quoteTable(table)} (${columns})`,
  };
}

/** The statements that `buildIndexes` would issue. */
export async function indexStatements(
  sql: Sql,
  table: TableName,
  demands: readonly IndexDemand[],
): Promise<readonly Ddl[]> {
  const missing = new Map<string, Ddl>();
  for (const demand of demands) {
    const name = indexName(table, demand);
    if ((await indexState(sql, table, name)) === 'missing') missing.set(name, indexDdl(table, demand));
  }
  return [...missing.values()];
}

async function indexState(sql: Sql, table: TableName, name: string): Promise<'missing' | 'building' | 'valid'> {
  const rows = await sql<{ readonly indisvalid: boolean }[]>`
    SELECT i.indisvalid FROM pg_catalog.pg_index i
      JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ${table.schema} AND c.relname = ${name}`;
  if (rows[0] !== undefined) return rows[0].indisvalid ? 'valid' : 'building';
  // A build that was asked for and has not begun.
  const job = await lastJob(sql, table, name);
  return job !== undefined && ['submitted', 'processing'].includes(job.status) ? 'building' : 'missing';
}

/** What the database says of a build that it gave up; undefined while it is under way. */
async function jobFailure(sql: Sql, table: TableName, name: string): Promise<string | undefined> {
  const job = await lastJob(sql, table, name);
  return job !== undefined && ['failed', 'cancelled'].includes(job.status)
    ? (job.details ?? `the job ${job.status}`)
    : undefined;
}

interface Job {
  readonly status: string;
  readonly details: string | null;
}

async function lastJob(sql: Sql, table: TableName, name: string): Promise<Job | undefined> {
  const rows = await sql<Job[]>`
    SELECT status, details FROM sys.jobs
     WHERE object_name IN (${name}, ${`${table.schema}.${name}`}) ORDER BY start_time DESC LIMIT 1`;
  return rows[0];
}
