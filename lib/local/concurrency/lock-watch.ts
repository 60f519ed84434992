import { mayWait } from '../postgres/process.ts';
import type { BackendLink } from '../session/backend-link.ts';
import { literal } from '../sql/quote.ts';
import type { PostgresConnection } from '../wire/postgres-connection.ts';
import type { Transaction } from './transaction.ts';

/** A session as the lock watch sees it. */
export interface Waiter {
  readonly link: Pick<BackendLink, 'cancelledBy' | 'cancelling' | 'keptFromTable'>;
  readonly transaction: Transaction | undefined;
  /** Gives way to another session's DDL. */
  evict(): Promise<void>;
}

/** One statement's running, told from the same session's next one by identity. */
interface Stint {
  readonly kind: 'rows' | 'schema';
  readonly pid: number;
}

/** How often running statements are looked at. */
const lookEveryMs = 8;
/** How long DDL waits for an index of the same table that is being built. */
const jobPatienceMs = 1_000;
/** How long a statement may wait for another session's DDL before it is told of the schema change. */
const schemaPatienceMs = 250;

/**
 * Sees to it that no statement waits for another transaction, as none does on DSQL. While statements that may lock are
 * running it looks every few milliseconds which of them PostgreSQL makes wait, and for whom. One that waits for a row or
 * a key is cancelled, its holders noted. DDL that waits for a table makes the transactions that use the table give way.
 * Waits that are no conflict, such as those for a file's extension, are left alone.
 */
export class LockWatch {
  private readonly sessions = new Map<number, Waiter>();
  private readonly running = new Map<Waiter, Stint>();
  private readonly waitingSince = new WeakMap<Waiter, number>();
  private readonly watcher: PostgresConnection;
  private readonly now: () => number;
  private timer: NodeJS.Timeout | undefined;
  private looking = false;
  private stopped = false;

  constructor(watcher: PostgresConnection, now: () => number) {
    this.watcher = watcher;
    this.now = now;
  }

  /** Makes a backend's session known. */
  add(pid: number, session: Waiter): void {
    this.sessions.set(pid, session);
  }

  remove(pid: number): void {
    this.sessions.delete(pid);
  }

  /** The session of a backend. */
  session(pid: number): Waiter | undefined {
    return this.sessions.get(pid);
  }

  /** The one value of a query about the catalog; undefined when it has no row or is null. */
  async ask(query: string): Promise<string | undefined> {
    const [row] = await this.watcher.rows(query);
    return row?.[0] ?? undefined;
  }

  /** Whether a role may log in and an IAM role was granted it. */
  async mayConnect(role: string): Promise<boolean> {
    const rows = await this.watcher.rows(
      `SELECT 1 FROM pg_roles AS r JOIN sys.iam_pg_role_mappings AS m ON m.pg_role_oid = r.oid
       WHERE r.rolcanlogin AND r.rolname = ${literal(role)} LIMIT 1`,
    );
    return rows.length > 0;
  }

  /** A statement that may wait begins: for rows and keys, or as DDL for a table. */
  enter(session: Waiter, pid: number, kind: 'rows' | 'schema'): void {
    this.running.set(session, { kind, pid });
    this.waitingSince.delete(session);
    this.schedule();
  }

  leave(session: Waiter): void {
    this.running.delete(session);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.running.clear();
    this.watcher.close();
  }

  private schedule(): void {
    if (this.timer !== undefined || this.looking || this.stopped) return;
    this.timer = setTimeout(() => void this.look(), lookEveryMs);
  }

  private async look(): Promise<void> {
    this.timer = undefined;
    if (this.running.size === 0) return;
    if (![...this.running.values()].some(({ pid }) => mayWait(pid))) return this.schedule();
    this.looking = true;
    const stints = new Map(this.running);
    try {
      for (const [pid, event, blockers] of await this.watcher.rows(waiting)) {
        const holders = (blockers ?? '').split(',').filter(Boolean).map(Number);
        await this.found(Number(pid), event ?? '', holders, stints);
      }
    } catch {
      // The watcher's connection is gone, and PostgreSQL with it; the server ends of that by itself.
      return;
    } finally {
      this.looking = false;
    }
    if (this.running.size > 0) this.schedule();
  }

  private async found(
    pid: number,
    event: string,
    holders: readonly number[],
    stints: ReadonlyMap<Waiter, Stint>,
  ): Promise<void> {
    const session = this.sessions.get(pid);
    const stint = session === undefined ? undefined : stints.get(session);
    if (session === undefined || stint === undefined || this.running.get(session) !== stint) return;
    const { kind } = stint;
    if (kind === 'rows' && event !== 'relation') return await this.cancel(pid, session, holders);
    const since = this.waitingSince.get(session) ?? this.now();
    this.waitingSince.set(session, since);
    const waitedMs = this.now() - since;
    if (kind === 'schema') await this.makeWay(holders, waitedMs);
    else if (waitedMs > schemaPatienceMs) {
      session.link.keptFromTable = true;
      await this.cancel(pid, session, []);
    }
  }

  /** DDL comes first: transactions that use the table give way, and so does, after a while, an index that is being built. */
  private async makeWay(holders: readonly number[], waitedMs: number): Promise<void> {
    for (const holder of holders) {
      const session = this.sessions.get(holder);
      if (session !== undefined) await session.evict();
      else if (waitedMs > jobPatienceMs) await this.watcher.rows(`SELECT pg_cancel_backend(${holder})`);
    }
  }

  private async cancel(pid: number, session: Waiter, holders: readonly number[]): Promise<void> {
    session.link.cancelledBy = holders;
    session.link.cancelling = this.watcher.rows(`SELECT pg_cancel_backend(${pid})`).then(
      () => undefined,
      () => undefined,
    );
    await session.link.cancelling;
    session.link.cancelling = undefined;
  }
}

/** Backends that wait for a row, a transaction, a unique key or a table of another, and those they wait for. */
const waiting = `SELECT a.pid, a.wait_event, array_to_string(pg_blocking_pids(a.pid), ',')
  FROM pg_stat_get_activity(NULL) AS a
  WHERE a.wait_event_type = 'Lock' AND a.wait_event IN ('transactionid', 'tuple', 'spectoken', 'relation')`;
