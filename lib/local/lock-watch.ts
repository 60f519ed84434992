import type { PostgresConnection } from './postgres/connection.ts';
import { literal } from './sql/statement.ts';

/** A session as the lock watch sees it. */
export interface Waiter {
  cancelledBy: readonly number[] | undefined;
}

/** How long a statement may run before the watch looks whether it waits for a lock, and how often it looks again. */
const lookAfterMs = 4;

/**
 * Sees to it that no statement waits for another transaction's lock, as none does on DSQL. While statements that may
 * lock rows are running it looks every few milliseconds which of them PostgreSQL makes wait, notes whom they wait for,
 * and cancels them. Waits that are no conflict, such as those for a file's extension, are left alone.
 */
export class LockWatch {
  private readonly sessions = new Map<number, Waiter>();
  private readonly running = new Set<Waiter>();
  private readonly watcher: PostgresConnection;
  private timer: NodeJS.Timeout | undefined;
  private looking = false;

  constructor(watcher: PostgresConnection) {
    this.watcher = watcher;
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

  /** Whether a role may log in and an IAM role was granted it. */
  async mayConnect(role: string): Promise<boolean> {
    const rows = await this.watcher.rows(
      `SELECT 1 FROM pg_roles AS r JOIN sys.iam_pg_role_mappings AS m ON m.pg_role_oid = r.oid
       WHERE r.rolcanlogin AND r.rolname = ${literal(role)} LIMIT 1`,
    );
    return rows.length > 0;
  }

  /** A statement that may wait begins. */
  enter(session: Waiter): void {
    this.running.add(session);
    this.timer ??= setTimeout(() => void this.look(), lookAfterMs);
  }

  leave(session: Waiter): void {
    this.running.delete(session);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.running.clear();
    this.watcher.close();
  }

  private async look(): Promise<void> {
    this.timer = undefined;
    if (this.running.size === 0 || this.looking) return;
    this.looking = true;
    try {
      for (const [pid, blockers] of await this.watcher.rows(waiting)) {
        const session = this.sessions.get(Number(pid));
        if (session !== undefined && this.running.has(session)) await this.cancel(Number(pid), session, blockers ?? '');
      }
    } catch {
      // The watcher's connection is gone, and PostgreSQL with it; the guard ends of that itself.
      return;
    } finally {
      this.looking = false;
    }
    if (this.running.size > 0) this.timer ??= setTimeout(() => void this.look(), lookAfterMs);
  }

  private async cancel(pid: number, session: Waiter, blockers: string): Promise<void> {
    session.cancelledBy = blockers.split(',').map(Number);
    await this.watcher.rows(`SELECT pg_cancel_backend(${pid})`);
  }
}

/** Backends that wait for a row, a transaction or a unique key of another, and those they wait for. */
const waiting = `SELECT a.pid, array_to_string(pg_blocking_pids(a.pid), ',')
  FROM pg_stat_get_activity(NULL) AS a
  WHERE a.wait_event_type = 'Lock' AND a.wait_event IN ('transactionid', 'tuple', 'spectoken')`;
