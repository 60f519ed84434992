import { messageOf } from '../../errors.ts';
import { literal } from '../sql/quote.ts';
import { PostgresConnection } from '../wire/postgres-connection.ts';

/** How long a job stays submitted: on a cluster an index is not valid yet when the next statement comes. */
const startDelayMs = 150;

/** Builds what CREATE INDEX ASYNC and ALTER TABLE ASYNC asked for, one job after the other, after their transaction committed. */
export class Jobs {
  private readonly socketPath: string;
  private working: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private connection: PostgresConnection | undefined;

  private readonly changed: () => void;

  /** @param changed  called when an index was added */
  constructor(socketPath: string, changed: () => void) {
    this.socketPath = socketPath;
    this.changed = changed;
  }

  /** A job may have been submitted; it is looked for a little later, as a cluster's jobs do not begin at once either. */
  wake(): void {
    if (this.stopped) return;
    this.timer ??= setTimeout(() => void this.settled(), startDelayMs);
  }

  /** Does what there is to do now; resolves when nothing is left. Jobs a killed server left in the middle begin anew. */
  settled(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.working = this.working.then(() => this.work()).catch(() => {});
    return this.working;
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.connection?.close();
  }

  private async work(): Promise<void> {
    if (this.stopped) return;
    this.connection ??= await PostgresConnection.open(this.socketPath, 'dsql', {
      default_transaction_isolation: 'read committed',
    });
    const jobs = await this.connection.rows(
      `SELECT j.job_id, w.statement, w.search_path, j.status FROM sys.jobs AS j JOIN dsql_local.job AS w USING (job_id)
       WHERE j.status IN ('submitted', 'processing') ORDER BY j.start_time`,
    );
    for (const [id, statement, searchPath, status] of jobs) {
      if (status === 'processing') await this.clear(this.connection, id ?? '');
      await this.build(this.connection, id ?? '', statement ?? '', searchPath ?? 'public');
    }
  }

  private async build(
    connection: PostgresConnection,
    id: string,
    statement: string,
    searchPath: string,
  ): Promise<void> {
    await this.note(connection, id, 'processing', null);
    try {
      await connection.rows(`SET search_path = ${searchPath}`);
      await connection.rows(statement);
      await connection.rows('RESET search_path');
      this.changed();
      await this.note(connection, id, 'completed', null);
    } catch (error) {
      await this.note(connection, id, 'failed', messageOf(error));
    }
  }

  /** Drops the invalid index a killed server left of a job. */
  private async clear(connection: PostgresConnection, id: string): Promise<void> {
    const [left] = await connection.rows(
      `SELECT c.oid::regclass FROM sys.jobs AS j JOIN pg_index AS i ON i.indrelid = j.object_id JOIN pg_class AS c ON c.oid = i.indexrelid
       WHERE j.job_id = '${id}' AND c.relname = j.object_name AND NOT i.indisvalid`,
    );
    if (left?.[0] !== undefined && left[0] !== null) await connection.rows(`DROP INDEX ${left[0]}`);
  }

  private async note(
    connection: PostgresConnection,
    id: string,
    status: string,
    details: string | null,
  ): Promise<void> {
    const text = details === null ? 'NULL' : literal(details);
    await connection.rows(
      `UPDATE sys.jobs SET status = '${status}', details = ${text}, update_time = clock_timestamp() WHERE job_id = '${id}'`,
    );
  }
}
