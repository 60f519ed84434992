import { PostgresConnection } from '../wire/postgres-connection.ts';
import { Job, type JobRow } from './job.ts';

/** How long a CREATE INDEX ASYNC waits for its index to be entered into the catalog, as when another is built on the table. */
const registerMs = 1_000;

/** Carries out what CREATE INDEX ASYNC and ALTER TABLE ASYNC asked for after their transaction committed, a table's jobs one by one. */
export class Jobs {
  private readonly socketPath: string;
  private readonly changed: () => void;
  private readonly running = new Map<string, Job>();
  private readonly lastOf = new Map<string, Promise<void>>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private lister: Promise<PostgresConnection> | undefined;
  private listing: Promise<void> = Promise.resolve();
  private stopped = false;

  /** @param changed  called when a job is over */
  constructor(socketPath: string, changed: () => void) {
    this.socketPath = socketPath;
    this.changed = changed;
  }

  /** Begins the jobs that were submitted, and anew those that a killed server left in the middle. */
  begin(): Promise<void> {
    this.listing = this.listing.then(() => this.list()).catch(() => {});
    return this.listing;
  }

  /** As `begin`; resolves when the new indexes are in `pg_index`, or after a second. */
  async registered(): Promise<void> {
    await this.begin();
    await this.within(Promise.all([...this.running.values()].map((job) => job.registered)));
  }

  /** As `begin`; resolves when nothing is left to do. */
  async settled(): Promise<void> {
    await this.begin();
    const jobs = [...this.running.values()];
    for (const job of jobs) job.hasten();
    await Promise.all(jobs.map((job) => job.done));
  }

  stop(): void {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const job of this.running.values()) job.stop();
    void this.lister?.then((connection) => connection.close());
  }

  private async list(): Promise<void> {
    if (this.stopped) return;
    this.lister ??= PostgresConnection.open(this.socketPath, 'postgres', {
      default_transaction_isolation: 'read committed',
      search_path: 'pg_catalog',
    });
    const rows = await (await this.lister).rows(
      `SELECT j.job_id, w.statement, w.search_path, j.status, j.job_type, j.object_id, j.object_id::regclass
       FROM sys.jobs AS j JOIN pg_catalog.dsql_job AS w USING (job_id)
       WHERE j.status IN ('submitted', 'processing') ORDER BY j.start_time`,
    );
    for (const [id, statement, searchPath, status, type, table, tableName] of rows) {
      if (id === null || id === undefined || this.running.has(id)) continue;
      this.run({
        id,
        statement: statement ?? '',
        searchPath: searchPath ?? 'public',
        wasProcessing: status === 'processing',
        isIndex: type === 'INDEX_BUILD',
        table: table ?? '0',
        tableName: tableName ?? '',
      });
    }
  }

  private run(row: JobRow): void {
    const before = this.lastOf.get(row.table) ?? Promise.resolve();
    for (const job of this.running.values()) job.hasten();
    const job = new Job(row, this.socketPath, before);
    this.running.set(row.id, job);
    this.lastOf.set(row.table, job.done);
    void job.done.then(() => {
      this.running.delete(row.id);
      if (this.lastOf.get(row.table) === job.done) this.lastOf.delete(row.table);
      this.changed();
    });
  }

  private async within(work: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, registerMs);
      this.timers.add(timer);
    });
    await Promise.race([work, patience]);
    if (timer !== undefined) this.timers.delete(timer);
    clearTimeout(timer);
  }
}
