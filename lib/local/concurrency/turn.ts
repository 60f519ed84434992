import type { Arbiter } from './arbiter.ts';

/**
 * Whose turn it is on one session's backend: the session's own, while it is in the middle of a message of its client, or
 * another session's, which undoes something there in between.
 */
export class Turn {
  private working = false;
  private queued = false;
  private seizure: Promise<void> | undefined;
  private readonly waiting: (() => void)[] = [];
  private readonly now: () => number;
  private leftAt: number;

  constructor(now: () => number) {
    this.now = now;
    this.leftAt = now();
  }

  /** In the middle of a message of the client's. Nobody else may touch the backend meanwhile. */
  get running(): boolean {
    return this.working && !this.queued;
  }

  /** Milliseconds since the client's last message was done with; 0 while one runs. */
  get idleMs(): number {
    return this.working ? 0 : this.now() - this.leftAt;
  }

  /** A message of the client's begins; waits until another session is done with the backend. */
  async enter(): Promise<void> {
    while (this.seizure !== undefined) await this.seizure;
    this.working = true;
  }

  /** The message is done with. */
  leave(): void {
    this.working = false;
    this.leftAt = this.now();
    this.wakeUp();
  }

  /** Settles something with other sessions, one at a time; while it waits for its turn it may be undone by them. */
  async arbitrate<T>(arbiter: Arbiter, work: () => Promise<T>): Promise<T> {
    this.queued = true;
    this.wakeUp();
    return await arbiter.run(() => {
      this.queued = false;
      return work();
    });
  }

  /** Resolves when it is not running, at once if it is not now. */
  settled(): Promise<void> {
    if (!this.running) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Uses the backend for another session; only while it is not running. The client's next message waits until it is done. */
  async seize(work: () => Promise<unknown>): Promise<void> {
    if (this.seizure !== undefined) return await this.seizure;
    this.seizure = work().then(
      () => undefined,
      () => undefined,
    );
    await this.seizure;
    this.seizure = undefined;
  }

  private wakeUp(): void {
    for (const settled of this.waiting.splice(0)) settled();
  }
}
