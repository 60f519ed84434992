import { RowSizes, tableKey } from '../catalog/table-facts.ts';
import type { Transaction } from '../concurrency/transaction.ts';
import { rerunFrames, type Work } from '../concurrency/work.ts';
import type { Statement } from '../sql/statement.ts';
import * as wire from '../wire/message.ts';
import type { SessionBackend } from './session-backend.ts';

/** What PostgreSQL's response keeps of a statement that was made to return its rows' sizes. */
const measuredResponses: ReadonlySet<number> = new Set([wire.backend.commandComplete, wire.backend.noticeResponse]);

const changedRowsQuery =
  'SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_catalog.pg_stat_xact_user_tables';

/** Savepoints kept open at once in a transaction; PostgreSQL's snapshots grow slow above 64. */
const maxSavepoints = 48;

interface Written {
  readonly failed: Buffer | undefined;
  readonly bytes: number;
}

/** Runs statements that write on their tables, and counts the rows and bytes they write. */
export class RowWriter {
  private readonly backend: SessionBackend;

  constructor(backend: SessionBackend) {
    this.backend = backend;
  }

  /** PostgreSQL's error frame when it refused; the client has the response otherwise. */
  async write(transaction: Transaction, work: Work): Promise<Buffer | undefined> {
    const hidden = await this.hidesRows(work.statement);
    const rowsBefore = transaction.rows;
    const changedBefore = hidden ? await this.changedRows() : 0;
    const { failed, bytes } = await this.send(transaction, work);
    if (failed !== undefined) return failed;
    if (hidden) transaction.rows = Math.max(transaction.rows, rowsBefore + (await this.changedRows()) - changedBefore);
    const [target] = work.statement.targets;
    if (target !== undefined) transaction.count(tableKey(target), transaction.rows - rowsBefore, bytes);
    transaction.note(work);
    return undefined;
  }

  /** The bytes come from the client's message, or from PostgreSQL where that tells less. */
  private async send(transaction: Transaction, work: Work): Promise<Written> {
    const { backend } = this;
    const { statement, rerun } = work;
    const before = () => savepoint(transaction);
    const sent = (rerun?.size ?? 0) + Buffer.byteLength(statement.sql);
    const { measure } = statement;
    const measured = measure?.sql;
    const { columnBytes } = backend.cluster.limits;
    if (measured === undefined || rerun === undefined || (measure?.makesRows !== true && sent <= columnBytes)) {
      const failed = await backend.watched(() => backend.exchange(work.frames, statement, { before }));
      return { failed, bytes: (statement.node === 'DeleteStmt' ? 0 : sent) + backend.link.copiedBytes };
    }
    const prelude = [...work.prelude, wire.sync];
    const refused = work.prelude.length === 0 ? undefined : await backend.exchange(prelude, undefined, {});
    if (refused !== undefined) return { failed: refused, bytes: 0 };
    const sizes = new RowSizes();
    const onRow = (chunk: Buffer, start: number) => sizes.add(chunk, start);
    const failed = await backend.watched(() =>
      backend.exchange(rerunFrames(rerun, measured), statement, { before, only: measuredResponses, onRow }),
    );
    return { failed, bytes: sizes.total };
  }

  /** Whether a statement may change more rows than its tag says: by cascades, or in data-modifying CTEs. */
  private async hidesRows(statement: Statement): Promise<boolean> {
    if (statement.hiddenRows) return true;
    if (statement.node !== 'DeleteStmt' && statement.node !== 'UpdateStmt') return false;
    for (const target of statement.targets) {
      if ((await this.backend.cluster.tables.facts(target)).cascades) return true;
    }
    return false;
  }

  /** Rows PostgreSQL has counted for this session; only differences mean anything. */
  private async changedRows(): Promise<number> {
    return Number((await this.backend.ask(changedRowsQuery)) ?? 0);
  }
}

/** The savepoint a statement is undone to when it meets another transaction's lock. */
function savepoint(transaction: Transaction): readonly string[] {
  if (!transaction.explicit) return [];
  transaction.savepoints += 1;
  if (transaction.savepoints === 1) return ['SAVEPOINT dsql_first'];
  if (transaction.savepoints <= maxSavepoints) return ['SAVEPOINT dsql_last'];
  return ['RELEASE SAVEPOINT dsql_last', 'SAVEPOINT dsql_last'];
}
