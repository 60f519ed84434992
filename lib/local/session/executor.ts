import { tableKey } from '../catalog/table-facts.ts';
import type { Transaction } from '../concurrency/transaction.ts';
import type { Work } from '../concurrency/work.ts';
import { refuseByCatalog } from '../rules/catalog-rules.ts';
import { literal } from '../sql/quote.ts';
import type { Statement } from '../sql/statement.ts';
import * as errors from '../wire/dsql-errors.ts';
import { type DsqlError, errorResponse } from '../wire/error-response.ts';
import * as wire from '../wire/message.ts';
import { Committer } from './committer.ts';
import { Contest } from './contest.ts';
import { RowWriter } from './row-writer.ts';
import type { SessionBackend } from './session-backend.ts';
import { sessionName } from './session-name.ts';
import { SizeCheck } from './size-check.ts';
import { refuseNow, refuseText } from './transaction-rules.ts';
import { isConflict, translateError } from './translate-error.ts';

/** Types of messages that stand although the statement after them was taken back. */
const preludeResponses: ReadonlySet<number> = new Set([
  wire.backend.parseComplete,
  wire.backend.bindComplete,
  wire.backend.parameterDescription,
  wire.backend.rowDescription,
  wire.backend.noData,
  wire.backend.closeComplete,
]);

/** How long a DROP waits for an index that is being built. */
const jobPatienceMs = 1_000;

/** Runs one session's statements, each kind as DSQL would, and answers the client. */
export class Executor {
  private readonly backend: SessionBackend;
  private readonly contest: Contest;
  private readonly writer: RowWriter;
  private readonly committer: Committer;
  private readonly sizes: SizeCheck;

  constructor(backend: SessionBackend) {
    this.backend = backend;
    this.contest = new Contest(backend);
    this.writer = new RowWriter(backend);
    this.sizes = new SizeCheck(backend);
    this.committer = new Committer(backend, this.contest);
  }

  // What the session asks.

  /** Refuses what no transaction allows, and everything but its end in a failed one. */
  refuseText(statement: Statement): DsqlError | undefined {
    return refuseText(statement, this.backend.transaction);
  }

  /** Refuses what the transaction, as it stands now, does not allow, and what names a table whose schema has changed. */
  refuse(statement: Statement): DsqlError | undefined {
    const refusal = refuseNow(statement, this.backend.transaction);
    return refusal ?? this.backend.cluster.schema.refuse(this.backend, statement);
  }

  /** Runs a statement and answers the client; false when the response was an error. */
  async run(work: Work): Promise<boolean> {
    const { cluster, link } = this.backend;
    if (cluster.faults.silencesStatement()) await link.fallSilent();
    await cluster.faults.beforeStatement();
    switch (work.statement.kind) {
      case 'begin':
        return await this.runBegin(work);
      case 'commit':
        return await this.runCommit(work);
      case 'rollback':
        return await this.runRollback(work);
      case 'write':
        return await this.runWrite(work);
      case 'ddl':
        return await this.runDdl(work);
      default:
        return await this.runRead(work);
    }
  }

  /** The client's BEGIN within the guard's own transaction makes that one the client's. */
  adoptImplicit(): boolean {
    const { link, transaction } = this.backend;
    if (transaction === undefined || transaction.explicit || transaction.failed) return false;
    transaction.explicit = true;
    link.write(wire.commandComplete('BEGIN'));
    return true;
  }

  /** Commits the transaction begun around the client's statements, now that there are no more of them. */
  async endImplicit(): Promise<void> {
    const { link, transaction } = this.backend;
    if (transaction === undefined || transaction.explicit) return;
    if (transaction.failed) {
      this.backend.end(false);
      return;
    }
    const refusal = await this.committer.commit(transaction, [wire.ownCommand('COMMIT'), wire.sync], new Set());
    if (refusal === undefined) return;
    link.output.rewind(0, preludeResponses);
    link.write(refusal);
  }

  /** Answers an error and leaves the transaction as DSQL leaves it: failed until the client ends it. */
  async raise(error: DsqlError): Promise<void> {
    await this.backend.abort();
    this.backend.link.write(errorResponse(error));
  }

  /** Ends the response to a query or to a Sync. */
  finish(): void {
    const { link, transaction } = this.backend;
    link.release();
    const status = transaction === undefined ? 'I' : transaction.failed ? 'E' : 'T';
    link.write(wire.ready(status));
    link.output.flush();
  }

  // Statements by kind.

  private async runBegin(work: Work): Promise<boolean> {
    const { backend } = this;
    const wasOpen = backend.transaction !== undefined;
    // What commits between here and PostgreSQL's snapshot counts as not seen: a conflict too many, never one too few.
    const beginning = { startedAfter: backend.cluster.commits.number };
    backend.cluster.rowLocks.began(beginning);
    try {
      // PostgreSQL takes the snapshot with the first query, DSQL with BEGIN.
      const failed = await backend.exchange(work.frames, work.statement, { after: 'SELECT 1' });
      if (failed !== undefined) return await this.failWith(failed);
      if (!wasOpen) backend.begun(true, beginning.startedAfter);
      else if (backend.transaction !== undefined) backend.transaction.explicit = true;
      return true;
    } finally {
      backend.cluster.rowLocks.ended(beginning);
    }
  }

  private async runRollback(work: Work): Promise<boolean> {
    const { transaction } = this.backend;
    const isGone = transaction?.failed === true || transaction?.evicted === true;
    this.backend.end(false);
    if (!isGone) return await this.relay(work);
    if (!(await this.passPrelude(work))) return false;
    this.backend.link.write(wire.commandComplete('ROLLBACK'));
    return true;
  }

  private async runCommit(work: Work): Promise<boolean> {
    const { link, transaction } = this.backend;
    if (transaction === undefined) return await this.relay(work);
    if (transaction.failed) return await this.runRollback(work);
    link.output.hold();
    const mark = link.output.mark();
    const refusal = await this.committer.commit(transaction, work.frames);
    if (refusal !== undefined) {
      link.output.rewind(mark);
      if (!(await this.passPrelude(work))) return false;
      link.write(refusal);
    }
    link.release();
    return refusal === undefined;
  }

  private async runRead(work: Work): Promise<boolean> {
    const { transaction } = this.backend;
    if (transaction?.onCopies === true) {
      const failed = await this.contest.runShadowed(work, false);
      return failed === undefined ? true : await this.failWith(failed);
    }
    return await this.backend.watched(() => this.relay(work));
  }

  private async runWrite(work: Work): Promise<boolean> {
    const { cluster, link } = this.backend;
    const transaction = this.backend.transaction ?? (await this.backend.begin());
    transaction.wrote = true;
    link.output.hold();
    const mark = work.statement.node === 'CopyStmt' ? 0 : link.output.mark();
    let failed = await this.attempt(transaction, work, mark);
    if (failed === undefined) {
      const isOver = transaction.rows > cluster.limits.transactionRows;
      const refusal = isOver ? errors.rowLimit : await this.sizes.refuse(transaction, work);
      if (refusal !== undefined) failed = errorResponse(refusal);
    }
    if (failed !== undefined) {
      link.output.rewind(mark, preludeResponses);
      return await this.failWith(failed);
    }
    await this.skipRows(work.statement);
    if (transaction.explicit) link.release();
    return true;
  }

  /** The fault by which ON CONFLICT leaves out rows that it counts. */
  private async skipRows(statement: Statement): Promise<void> {
    const [target] = statement.writes;
    if (target === undefined || !statement.onConflict) return;
    const rows = this.backend.cluster.faults.skippedRows();
    if (rows === 0) return;
    await this.backend.ask(`SELECT pg_catalog.dsql_skip_rows(to_regclass(${literal(sessionName(target))}), ${rows})`);
  }

  private async attempt(transaction: Transaction, work: Work, mark: number): Promise<Buffer | undefined> {
    const { statement } = work;
    for (const target of statement.targets) transaction.count(tableKey(target), 0, 0);
    transaction.touch(
      statement.changes.map(sessionName),
      new Map([...statement.rowLocks].map(([table, strength]) => [sessionName(table), strength])),
    );
    if (transaction.onCopies) return await this.contest.runShadowed(work, false);
    const failed = await this.writer.write(transaction, work);
    if (failed === undefined || !this.contest.mayResolve(work, failed)) return failed;
    const { output } = this.backend.link;
    const { complete } = output;
    output.rewind(mark, work.rerun?.simple === true ? new Set() : preludeResponses);
    return complete ? await this.contest.resolve(work, failed) : failed;
  }

  private async runDdl(work: Work): Promise<boolean> {
    const { cluster, transaction } = this.backend;
    if (work.statement.node === 'DropStmt') await Promise.race([cluster.jobs.settled(), cluster.sleep(jobPatienceMs)]);
    const refusal = await refuseByCatalog(work.statement, cluster.limits, (query) => cluster.locks.ask(query));
    if (refusal !== undefined) {
      if (!(await this.passPrelude(work))) return false;
      return await this.failWith(errorResponse(refusal));
    }
    if (transaction !== undefined) transaction.ddl += 1;
    const changes = cluster.schema.begin(this.backend, work.statement);
    // The index is in the catalog when its creator is told of the job.
    if (work.statement.async) this.backend.link.output.hold();
    const failed = await this.backend.watched(() => this.backend.exchange(work.frames, work.statement, {}), 'schema');
    if (failed !== undefined) {
      // What DDL meets are other sessions' DDL and index jobs, never their rows.
      const isContended = isConflict(failed, this.backend.link);
      return await this.failWith(failed, isContended ? errors.schemaChanged : undefined);
    }
    if (transaction === undefined) {
      changes.committed();
      cluster.tables.forget();
      if (work.statement.async) await cluster.jobs.registered();
    } else changes.later();
    return true;
  }

  private async relay(work: Work): Promise<boolean> {
    const failed = await this.backend.exchange(work.frames, work.statement, {});
    return failed === undefined ? true : await this.failWith(failed);
  }

  /** Has the frames before an Execute answered that itself must not run; false when PostgreSQL refused one. */
  private async passPrelude(work: Work): Promise<boolean> {
    return work.prelude.length === 0 || (await this.backend.pass(work.prelude));
  }

  /** Answers PostgreSQL's error as DSQL words it; the transaction has failed. */
  private async failWith(frame: Buffer, instead?: DsqlError | undefined): Promise<false> {
    const response = instead === undefined ? translateError(frame, this.backend.link) : errorResponse(instead);
    await this.backend.abort();
    this.backend.link.write(response);
    return false;
  }
}
