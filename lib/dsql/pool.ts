import { ConnectionLostError } from './connection-lost.ts';
import type { Session } from './session.ts';

export interface PoolSettings {
  readonly open: () => Promise<Session>;
  readonly maxConnections: number;
  /** A connection older than this serves nobody else. */
  readonly lifetimeMs: number;
  /** A connection that serves nobody for so long is ended. */
  readonly idleMs: number;
}

interface Waiter {
  readonly resolve: (session: Session) => void;
  readonly reject: (error: unknown) => void;
}

/** Time that an orderly end of a connection is given. */
const endMs = 1_000;

/**
 * Connections that are opened when needed, lent to one user at a time, and never lent again once they were lost. Who
 * waits for one is served in order; where one could not be opened, its user is told, and the next one tries anew.
 */
export class Pool {
  readonly #settings: PoolSettings;
  readonly #idle: { readonly session: Session; readonly timer: NodeJS.Timeout }[] = [];
  readonly #born = new Map<Session, number>();
  readonly #waiters: Waiter[] = [];
  #opening = 0;
  /** Of a connection that was opened ahead and that nobody has asked for yet. */
  #ahead: Promise<Session> | undefined;
  #ended: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
  }

  /** Begins to open the first connection before anybody asks for one. Where that fails, who asks opens another, and meets the reason. */
  openAhead(): void {
    if (this.#ended !== undefined || this.#born.size + this.#opening > 0) return;
    this.#ahead = this.#open();
    this.#ahead.catch(() => undefined);
  }

  /**
   * @throws {ConnectionLostError} when the pool was ended
   * @throws what opening a connection failed with
   */
  async acquire(): Promise<Session> {
    const ahead = this.#ahead === undefined ? undefined : await this.#takeAhead();
    if (this.#ended !== undefined) {
      if (ahead !== undefined) this.#drop(ahead);
      throw new ConnectionLostError('CONNECTION_ENDED');
    }
    if (ahead !== undefined) {
      if (this.#serves(ahead)) return ahead;
      this.#drop(ahead);
    }
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) {
      clearTimeout(last.timer);
      if (this.#serves(last.session)) return last.session;
      this.#drop(last.session);
    }
    if (this.#born.size + this.#opening < this.#settings.maxConnections) return await this.#open();
    return await new Promise<Session>((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
  }

  /** Takes a connection back. One that is lost, old or still in a transaction is ended. */
  release(session: Session): void {
    if (this.#ended !== undefined || !this.#serves(session) || !session.idle) {
      this.#drop(session);
      this.#serveWaiter();
      return;
    }
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve(session);
      return;
    }
    const timer = setTimeout(() => {
      const index = this.#idle.findIndex((idle) => idle.session === session);
      if (index >= 0) this.#idle.splice(index, 1);
      this.#drop(session);
    }, this.#settings.idleMs);
    timer.unref();
    this.#idle.push({ session, timer });
  }

  /** Ends all connections: idle ones at once, the others when they are released, or after `timeoutMs`. */
  async end(timeoutMs: number): Promise<void> {
    this.#ended ??= this.#end(timeoutMs);
    await this.#ended;
  }

  async #end(timeoutMs: number): Promise<void> {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(new ConnectionLostError('CONNECTION_ENDED'));
    void this.#takeAhead().then((session) => session === undefined || this.#drop(session));
    for (const { session, timer } of this.#idle.splice(0)) {
      clearTimeout(timer);
      this.#drop(session);
    }
    if (this.#born.size + this.#opening === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        for (const session of this.#born.keys()) session.destroy();
        resolve();
      }, timeoutMs);
      this.#drained = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Gives the connection that was opened ahead to one user; undefined where there is none, or it could not be opened. */
  async #takeAhead(): Promise<Session | undefined> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return await ahead?.catch(() => undefined);
  }

  #serves(session: Session): boolean {
    return session.usable && performance.now() - (this.#born.get(session) ?? 0) < this.#settings.lifetimeMs;
  }

  async #open(): Promise<Session> {
    this.#opening += 1;
    try {
      const session = await this.#settings.open();
      this.#born.set(session, performance.now());
      if (this.#ended === undefined) return session;
      this.#drop(session);
      throw new ConnectionLostError('CONNECTION_ENDED');
    } finally {
      this.#opening -= 1;
      // One that failed leaves its place to the next; one that was made leaves it when it is released.
      this.#serveWaiter();
      this.#checkDrained();
    }
  }

  #serveWaiter(): void {
    if (this.#ended !== undefined || this.#born.size + this.#opening >= this.#settings.maxConnections) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) this.#open().then(waiter.resolve, waiter.reject);
  }

  /** Counts the connection no more once it is closed, so that there are never more than allowed. */
  #drop(session: Session): void {
    void session.end(session.usable ? endMs : 0).then(() => {
      this.#born.delete(session);
      this.#serveWaiter();
      this.#checkDrained();
    });
  }

  #checkDrained(): void {
    if (this.#born.size + this.#opening === 0) this.#drained?.();
  }
}
