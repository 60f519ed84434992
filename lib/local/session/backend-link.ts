import { translateParameter } from '../gate/startup.ts';
import * as errors from '../wire/dsql-errors.ts';
import { type DsqlError, errorResponse, withoutOwnContext } from '../wire/error-response.ts';
import * as wire from '../wire/message.ts';
import { PostgresConnection, tagOf } from '../wire/postgres-connection.ts';
import { ClientOutput } from './client-output.ts';
import type { ClientStream } from './client-stream.ts';
import { CopyIn } from './copy-in.ts';
import { SessionOver } from './session-over.ts';

/** How an exchange with PostgreSQL goes. */
export interface ExchangeOptions {
  /** Commands of the guard's own to send first; asked for just before sending. */
  readonly before?: () => readonly string[];
  /** A command of the guard's own to send behind the frames. */
  readonly after?: string | undefined;
  /** Types of messages the client is to see; all when absent. */
  readonly only?: ReadonlySet<number>;
  /** Sees every row before it is let through or not. */
  readonly onRow?: (chunk: Buffer, start: number) => void;
  /** Sees the tag of every finished statement the client is to see; what it returns takes the tag's place. */
  readonly onTag?: (tag: string) => true | Buffer;
  readonly onNotice?: (frame: Buffer) => void;
  /** Takes what the client would see, in its place. */
  readonly sink?: (bytes: Buffer) => void;
  /** Asked just before sending; an error keeps the frames from being sent. */
  readonly check?: () => DsqlError | undefined;
}

/** What links one session's client to a PostgreSQL backend of its own, which is opened when it is first needed. */
export class BackendLink {
  /** Backends its running statement was made to wait for, when the lock watch has cancelled it. */
  cancelledBy: readonly number[] | undefined;
  /** It was cancelled because another session's open DDL kept a table from it. */
  keptFromTable = false;
  /** A cancel is on its way; nothing may be sent until it has arrived, lest it hit what comes next. */
  cancelling: Promise<void> | undefined;
  /** Bytes of rows the last exchange copied in. */
  copiedBytes = 0;
  /** Called with the backend's process id when it is there, and when it has ended. */
  onOpen: (pid: number) => void = () => {};
  onClose: (pid: number) => void = () => {};
  readonly output: ClientOutput;
  private readonly client: ClientStream;
  private readonly socketPath: string;
  private readonly user: string;
  private readonly parameters: Readonly<Record<string, string>>;
  private opened: PostgresConnection | undefined;

  constructor(client: ClientStream, socketPath: string, user: string, parameters: Readonly<Record<string, string>>) {
    this.client = client;
    this.output = new ClientOutput(client);
    this.socketPath = socketPath;
    this.user = user;
    this.parameters = parameters;
  }

  /** The connection, if one was needed yet. */
  get connection(): PostgresConnection | undefined {
    return this.opened;
  }

  async open(): Promise<PostgresConnection> {
    if (this.opened !== undefined) return this.opened;
    const connection = await PostgresConnection.open(this.socketPath, this.user, this.parameters);
    this.opened = connection;
    connection.onParameter = (frame) => this.client.write(translateParameter(frame));
    connection.onClose = () => {
      this.onClose(connection.pid);
      if (!this.client.closed) this.client.end(errorResponse(errors.terminated));
    };
    // A client that went away leaves no statement running.
    this.client.onClose = () => connection.close();
    if (this.client.closed) connection.close();
    this.onOpen(connection.pid);
    return connection;
  }

  /** A command of the guard's own; PostgreSQL's error frame when it refused. */
  async command(text: string): Promise<Buffer | undefined> {
    return await this.exchange([wire.ownCommand(text), wire.sync], { only: new Set() });
  }

  /** Sends frames to PostgreSQL and its response to the client, except an error, which is returned. */
  async exchange(frames: readonly Buffer[], options: ExchangeOptions): Promise<Buffer | undefined> {
    const connection = await this.open();
    while (this.cancelling !== undefined) await this.cancelling;
    const refusal = options.check?.();
    if (refusal !== undefined) return errorResponse(refusal);
    let failed: Buffer | undefined;
    let copy: CopyIn | undefined;
    this.cancelledBy = undefined;
    this.keptFromTable = false;
    const { only } = options;
    await connection.exchange(
      frames,
      (type, chunk, start, end) => {
        if (type === wire.backend.errorResponse) {
          failed ??= Buffer.from(chunk.subarray(start, end));
          copy?.refused();
          return false;
        }
        if (type === wire.backend.dataRow) options.onRow?.(chunk, start);
        if (only !== undefined && !only.has(type)) return false;
        if (type === wire.backend.commandComplete) return options.onTag?.(tagOf(chunk, start, end)) ?? true;
        if (type === wire.backend.copyIn) copy = this.copyIn(connection, frames);
        if (type === wire.backend.noticeResponse) {
          const notice = chunk.subarray(start, end);
          options.onNotice?.(notice);
          return withoutOwnContext(notice);
        }
        return true;
      },
      options.sink ?? ((bytes) => this.output.write(bytes, connection)),
      options.before?.() ?? [],
      options.after,
    );
    await copy?.finished;
    this.copiedBytes = copy?.bytes ?? 0;
    return failed;
  }

  /** Sends the client messages of the guard's own. */
  write(bytes: Buffer): void {
    this.output.write(bytes, this.opened);
  }

  /** Sends the client what was kept back. */
  release(): void {
    this.output.release(this.opened);
  }

  /**
   * The connection ends without a word, as when the network drops it.
   *
   * @throws {SessionOver}
   */
  vanish(): never {
    this.client.close();
    throw new SessionOver();
  }

  /**
   * The connection stays open and nothing is said on it any more, as when the network swallows packets.
   *
   * @throws {SessionOver} when the client has given up
   */
  async fallSilent(): Promise<never> {
    await this.client.ended();
    throw new SessionOver();
  }

  private copyIn(connection: PostgresConnection, frames: readonly Buffer[]): CopyIn {
    return new CopyIn(this.client, connection, this.output, frames.at(-1) === wire.sync);
  }
}
