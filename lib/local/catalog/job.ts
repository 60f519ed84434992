import { messageOf } from '../../errors.ts';
import { literal } from '../sql/quote.ts';
import { PostgresConnection } from '../wire/postgres-connection.ts';

/** How long a job stays submitted: on a cluster an index is not valid yet when the next statement comes. */
const submittedMs = 150;
/** How often the catalog is asked whether PostgreSQL has entered an index. */
const lookEveryMs = 3;

/** A row of `sys.jobs` with what the guard keeps of it. */
export interface JobRow {
  readonly id: string;
  readonly statement: string;
  readonly searchPath: string;
  /** A killed server left it in the middle. */
  readonly wasProcessing: boolean;
  readonly isIndex: boolean;
  /** Object id of the table, and its qualified name. */
  readonly table: string;
  readonly tableName: string;
}

/** One job of CREATE INDEX ASYNC or ALTER TABLE ASYNC while it is carried out. */
export class Job {
  /** Resolves when the index is in `pg_index`, not valid yet, or the job is over. */
  readonly registered: Promise<void>;
  /** Resolves when the job is over; never rejects. */
  readonly done: Promise<void>;
  private readonly row: JobRow;
  private readonly socketPath: string;
  private readonly connections: PostgresConnection[] = [];
  private register: () => void = () => {};
  private hurry: () => void = () => {};
  private readonly hurried: Promise<void>;

  /** @param after  the job before it on the same table */
  constructor(row: JobRow, socketPath: string, after: Promise<void>) {
    this.row = row;
    this.socketPath = socketPath;
    this.registered = new Promise((resolve) => {
      this.register = resolve;
    });
    this.hurried = new Promise((resolve) => {
      this.hurry = resolve;
    });
    this.done = after
      .then(() => this.run())
      .catch(() => {})
      .finally(() => {
        this.register();
        this.stop();
      });
  }

  /** Somebody waits for it: it does not stay submitted any longer. */
  hasten(): void {
    this.hurry();
  }

  /** Ends its connections, and with them what PostgreSQL does for it. */
  stop(): void {
    for (const connection of this.connections) connection.close();
  }

  private async run(): Promise<void> {
    const worker = await this.connect();
    const holder = await this.connect();
    if (this.row.wasProcessing) await this.clear(worker);
    await worker.rows('SET temp_file_limit = -1');
    await worker.rows(`SET search_path = ${this.row.searchPath}`);
    const held = this.row.isIndex && (await this.holdTable(holder));
    const before = await this.unready(holder);
    let isOver = false;
    const submitted = () => Promise.race([this.hurried, delay(submittedMs)]);
    if (!held) await submitted();
    const built = worker.rows(this.row.statement).then(
      () => undefined,
      (error: unknown) => messageOf(error),
    );
    void built.then(() => {
      isOver = true;
    });
    if (held) {
      while (!isOver && (await this.unready(holder)) <= before) await delay(lookEveryMs);
      this.register();
      await submitted();
      await holder.rows('ROLLBACK');
    }
    await this.note(holder, 'processing');
    const failure = await built;
    await this.note(holder, failure === undefined ? 'completed' : 'failed', failure);
  }

  /** While this transaction has written to the table, CREATE INDEX CONCURRENTLY waits after it has entered the index. */
  private async holdTable(holder: PostgresConnection): Promise<boolean> {
    try {
      await holder.rows("BEGIN; SET LOCAL lock_timeout = '200ms'");
      await holder.rows(`LOCK TABLE ${this.row.tableName} IN ROW EXCLUSIVE MODE`);
      return true;
    } catch {
      await holder.rows('ROLLBACK');
      return false;
    }
  }

  private async unready(connection: PostgresConnection): Promise<number> {
    const [row] = await connection.rows(
      `SELECT count(*) FROM pg_index WHERE indrelid = ${this.row.table} AND NOT indisready`,
    );
    return Number(row?.[0] ?? 0);
  }

  /** Drops the invalid index a killed server left of it. */
  private async clear(connection: PostgresConnection): Promise<void> {
    const [left] = await connection.rows(
      `SELECT c.oid::regclass FROM sys.jobs AS j JOIN pg_index AS i ON i.indrelid = j.object_id JOIN pg_class AS c ON c.oid = i.indexrelid
       WHERE j.job_id = '${this.row.id}' AND c.relname = j.object_name AND NOT i.indisvalid`,
    );
    if (left?.[0] !== undefined && left[0] !== null) await connection.rows(`DROP INDEX ${left[0]}`);
  }

  private async note(connection: PostgresConnection, status: string, details?: string | undefined): Promise<void> {
    const text = details === undefined ? 'NULL' : literal(details);
    await connection.rows(
      `UPDATE sys.jobs SET status = '${status}', details = ${text}, update_time = clock_timestamp() WHERE job_id = '${this.row.id}'`,
    );
  }

  private async connect(): Promise<PostgresConnection> {
    const connection = await PostgresConnection.open(this.socketPath, 'postgres', {
      default_transaction_isolation: 'read committed',
    });
    this.connections.push(connection);
    return connection;
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
