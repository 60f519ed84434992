import { Jobs } from './catalog/jobs.ts';
import { TableFacts } from './catalog/table-facts.ts';
import { Arbiter } from './concurrency/arbiter.ts';
import { CommitLog } from './concurrency/commit-log.ts';
import { Faults } from './concurrency/faults.ts';
import { LockWatch } from './concurrency/lock-watch.ts';
import { RowLocks } from './concurrency/row-locks.ts';
import { SchemaWatch } from './concurrency/schema-watch.ts';
import type { LocalLimits } from './rules/limits.ts';
import { StatementCache } from './sql/statement-cache.ts';
import { PostgresConnection } from './wire/postgres-connection.ts';

/** UTF-16 units of statements' texts that are remembered. */
const cachedTextSize = 16 * 1024 * 1024;

/** What a cluster needs. */
export interface ClusterOptions {
  readonly limits: LocalLimits;
  /** Folder-wide socket of the PostgreSQL server behind it. */
  readonly socketPath: string;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** What all sessions of one local DSQL share. Made by the guard and given to every session. */
export class Cluster {
  readonly limits: LocalLimits;
  readonly socketPath: string;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly cache: StatementCache;
  readonly faults: Faults;
  readonly jobs: Jobs;
  readonly locks: LockWatch;
  readonly tables: TableFacts;
  readonly schema = new SchemaWatch();
  readonly commits = new CommitLog();
  readonly rowLocks = new RowLocks();
  readonly arbiter = new Arbiter();

  private constructor(options: ClusterOptions, watcher: PostgresConnection) {
    this.limits = options.limits;
    this.socketPath = options.socketPath;
    this.now = options.now;
    this.sleep = options.sleep;
    this.cache = new StatementCache(cachedTextSize, options.limits);
    this.faults = new Faults(options.sleep);
    this.locks = new LockWatch(watcher, options.now);
    this.tables = new TableFacts((query) => this.locks.ask(query));
    this.jobs = new Jobs(options.socketPath, () => this.tables.forget());
  }

  /** Connects to PostgreSQL for the queries that no client sends. */
  static async open(options: ClusterOptions): Promise<Cluster> {
    return new Cluster(options, await PostgresConnection.open(options.socketPath, 'postgres'));
  }

  close(): void {
    this.locks.stop();
    this.jobs.stop();
  }
}
