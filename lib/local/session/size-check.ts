import { tableKey } from '../catalog/table-facts.ts';
import type { Transaction } from '../concurrency/transaction.ts';
import type { Work } from '../concurrency/work.ts';
import { literal } from '../sql/quote.ts';
import * as errors from '../wire/dsql-errors.ts';
import type { DsqlError } from '../wire/error-response.ts';
import type { SessionBackend } from './session-backend.ts';
import { sessionName } from './session-name.ts';

/** Bytes of a value that PostgreSQL keeps in one row of a TOAST table: TOAST_MAX_CHUNK_SIZE with pages of 8 KiB. */
const toastChunkBytes = 1_996;

/**
 * Holds the limits of columns and rows on every path by which rows come into a table. A value of a mebibyte is always in
 * the table's TOAST table, so that the rows inserted there tell at little cost whether one can be too large; only then are
 * the rows themselves looked at. Sizes are those stored, after compression.
 */
export class SizeCheck {
  private readonly backend: SessionBackend;

  constructor(backend: SessionBackend) {
    this.backend = backend;
  }

  /** Refuses what the statement that ran last wrote; undefined is none. */
  async refuse(transaction: Transaction, work: Work): Promise<DsqlError | undefined> {
    const { statement, rerun } = work;
    const { limits, tables } = this.backend.cluster;
    const sent = (rerun?.size ?? 0) + Buffer.byteLength(statement.sql) + this.backend.link.copiedBytes;
    const large = sent > limits.columnBytes || statement.measure?.makesRows === true || statement.hiddenRows;
    for (const target of statement.writes) {
      const facts = await tables.facts(target);
      if (!large && sent * facts.growth <= limits.columnBytes) continue;
      const isCopied = transaction.copies.has(tableKey(target));
      const name = sessionName(isCopied ? { schema: 'pg_temp', table: target.table } : target);
      const refusal = await this.refuseTable(transaction, name, facts.hasBytea);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /** @param always  compression may have kept a value out of the TOAST table that counts with its full size */
  private async refuseTable(transaction: Transaction, name: string, always: boolean): Promise<DsqlError | undefined> {
    const { columnBytes, rowBytes } = this.backend.cluster.limits;
    const table = `to_regclass(${literal(name)})`;
    const chunks = Number((await this.backend.ask(chunksQuery.replace('$1', () => table))) ?? 0);
    const inserted = chunks - (transaction.toastChunks.get(name) ?? 0);
    transaction.toastChunks.set(name, chunks);
    if (!always && inserted * toastChunkBytes <= columnBytes) return undefined;
    const found = await this.backend.ask(`SELECT pg_catalog.dsql_oversized(${table}, ${rowBytes}, ${columnBytes})`);
    if (found === undefined) return undefined;
    return found === '' ? errors.rowTooLarge : errors.columnTooLarge(columnBytes, found);
  }
}

const chunksQuery = `SELECT pg_stat_get_xact_tuples_inserted(reltoastrelid) FROM pg_class WHERE oid = $1 AND reltoastrelid <> 0`;
