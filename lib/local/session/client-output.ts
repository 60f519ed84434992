import { messagesOf } from '../wire/message.ts';
import type { PostgresConnection } from '../wire/postgres-connection.ts';
import type { ClientStream } from './client-stream.ts';

/** Bytes kept back above which they are let go, and the statement's response can no longer be taken back. */
const maxHeldBytes = 32 * 1024 * 1024;

/**
 * What goes to the client: at once, or kept back until it is known to stand. PostgreSQL is not read from while the
 * client does not take what it was sent.
 */
export class ClientOutput {
  private readonly client: ClientStream;
  private held: Buffer[] | undefined;
  private heldBytes = 0;
  private overflowed = false;
  private corked = false;

  constructor(client: ClientStream) {
    this.client = client;
  }

  /** From now on bytes are kept back. */
  hold(): void {
    this.held ??= [];
  }

  /** A place in what is kept back, for `rewind`. */
  mark(): number {
    this.overflowed = false;
    return this.held?.length ?? 0;
  }

  /** Whether everything since the last `mark` is still here. */
  get complete(): boolean {
    return this.held !== undefined && !this.overflowed;
  }

  /** Takes back what came after a mark, except messages of the types to keep. */
  rewind(mark: number, keep: ReadonlySet<number> = new Set()): void {
    if (this.held === undefined) return;
    const tail = this.held.splice(mark);
    const kept = tail.flatMap((bytes) => messagesOf(bytes)).filter((message) => keep.has(message[0] ?? 0));
    this.held.push(...kept);
    this.heldBytes = this.held.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  /** Sends what was kept back. */
  release(source: PostgresConnection | undefined): void {
    const held = this.held;
    this.held = undefined;
    this.heldBytes = 0;
    const [only] = held ?? [];
    if (held === undefined || only === undefined) return;
    this.write(held.length === 1 ? only : Buffer.concat(held), source);
  }

  write(bytes: Buffer, source: PostgresConnection | undefined): void {
    if (this.held !== undefined) {
      this.held.push(bytes);
      this.heldBytes += bytes.length;
      if (this.heldBytes <= maxHeldBytes) return;
      this.overflowed = true;
      this.release(source);
      this.hold();
      return;
    }
    if (this.send(bytes) || source === undefined) return;
    source.pause();
    this.client.socket.once('drain', () => source.resume());
  }

  /** Sends at once what was gathered. */
  flush(): void {
    if (!this.corked) return;
    this.corked = false;
    this.client.socket.uncork();
  }

  /** Gathers what comes within one turn of the event loop: a response's few small messages go as one record. */
  private send(bytes: Buffer): boolean {
    if (!this.corked) {
      this.corked = true;
      this.client.socket.cork();
      setImmediate(() => this.flush());
    }
    return this.client.write(bytes);
  }
}
