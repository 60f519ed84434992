// By hand: pg and postgres decode every row and own the socket; this passes messages on undecoded.

import { connect, type Socket } from 'node:net';
import { errorFields } from './error-response.ts';
import { backend, cstrings, ownCommand, query, sync } from './message.ts';

/**
 * Looks at one message of PostgreSQL's response; `chunk[start..end)` is all of it. True lets it pass to `forward` as it
 * is, false keeps it back, bytes take its place.
 */
export type Inspect = (type: number, chunk: Buffer, start: number, end: number) => boolean | Buffer;

/** Rows of a query of the guard's own, values as text. */
export type Rows = readonly (readonly (string | null)[])[];

/** PostgreSQL ended the connection. */
export class BackendClosedError extends Error {
  override readonly name = 'BackendClosedError';
}

/** PostgreSQL answered one of the guard's own commands with an error. */
export class BackendError extends Error {
  override readonly name = 'BackendError';
  readonly sqlstate: string;

  constructor(sqlstate: string, text: string) {
    super(text);
    this.sqlstate = sqlstate;
  }
}

/** One connection to the PostgreSQL behind the guard, over its unix socket. One exchange at a time. */
export class PostgresConnection {
  /** The backend's process id, by which PostgreSQL names it in pg_stat_activity. */
  pid = 0;
  readonly parameters = new Map<string, string>();
  /** Called with every ParameterStatus that comes after start-up. */
  onParameter: (frame: Buffer) => void = () => {};
  onClose: () => void = () => {};
  private readonly socket: Socket;
  private partial: Buffer | undefined;
  private inspect: Inspect | undefined;
  private forward: (bytes: Buffer) => void = () => {};
  private settle: { readonly done: () => void; readonly fail: (error: Error) => void } | undefined;
  /** ReadyForQuery messages still to come that end the guard's own commands. */
  private ownResponses = 0;
  /** The answer to a command of the guard's own behind the frames: its part of the answer is dropped. */
  private trailing: 'none' | 'to come' | 'coming' = 'none';
  private closed = false;
  private turn: Promise<void> = Promise.resolve();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.settle?.fail(new BackendClosedError('PostgreSQL closed the connection'));
      this.settle = undefined;
      this.onClose();
    });
  }

  /** Connects as a role; parameters are start-up parameters, such as application_name. */
  static async open(
    socketPath: string,
    role: string,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<PostgresConnection> {
    const socket = connect(socketPath);
    socket.setNoDelay(true);
    const connection = new PostgresConnection(socket);
    const parameterList = Object.entries({ ...parameters, user: role, database: 'postgres' }).flat();
    const body = Buffer.concat([Buffer.from([0, 3, 0, 0]), cstrings(...parameterList), Buffer.alloc(1)]);
    const length = Buffer.alloc(4);
    length.writeInt32BE(body.length + 4);
    let refused: BackendError | undefined;
    await connection
      .exchange([length, body], (type, chunk, start, end) => {
        if (type === backend.errorResponse) {
          const fields = errorFields(chunk.subarray(start, end));
          refused = new BackendError(fields.C ?? 'XX000', fields.M ?? '');
        } else if (type === backend.backendKeyData) connection.pid = chunk.readInt32BE(start + 5);
        return false;
      })
      .catch((error: unknown) => {
        throw refused ?? error;
      });
    return connection;
  }

  /**
   * Sends frames and resolves when ReadyForQuery has come, which itself is kept back. What `inspect` lets pass goes to
   * `forward` in runs as large as they came.
   *
   * @param before  commands of the guard's own, sent in the same write; their answers are dropped
   * @param after   one to be sent behind the frames in the same write; its answer is dropped
   */
  exchange(
    frames: readonly Buffer[],
    inspect: Inspect,
    forward: (bytes: Buffer) => void = () => {},
    before: readonly string[] = [],
    after?: string | undefined,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.closed) {
        reject(new BackendClosedError('PostgreSQL closed the connection'));
        return;
      }
      this.inspect = inspect;
      this.forward = forward;
      this.ownResponses = before.length === 0 ? 0 : 1;
      this.settle = { done: resolve, fail: reject };
      const own = before.map(ownCommand);
      this.trailing = after === undefined ? 'none' : 'to come';
      const behind = after === undefined ? [] : [ownCommand(after), sync];
      this.send([...(own.length === 0 ? [] : [...own, sync]), ...frames, ...behind]);
    });
  }

  /** More frames within the running exchange, for COPY. False when the caller should wait for `drained`. */
  send(frames: readonly Buffer[]): boolean {
    this.socket.cork();
    let room = true;
    for (const frame of frames) room = this.socket.write(frame);
    process.nextTick(() => this.socket.uncork());
    return room;
  }

  /** Resolves when PostgreSQL has taken what was sent. */
  drained(): Promise<void> {
    if (!this.socket.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      this.socket.once('drain', resolve);
      this.socket.once('close', () => resolve());
    });
  }

  /**
   * Runs a command of the guard's own without touching the client's unnamed statement; its rows are dropped.
   *
   * @returns PostgreSQL's ErrorResponse when it refused
   */
  async command(text: string): Promise<Buffer | undefined> {
    let failed: Buffer | undefined;
    await this.exchange([ownCommand(text), sync], (type, chunk, start, end) => {
      if (type === backend.errorResponse) failed = Buffer.from(chunk.subarray(start, end));
      return false;
    });
    return failed;
  }

  /** Runs a query of the guard's own and returns its rows as texts. Only for connections no client uses; calls queue. */
  rows(text: string): Promise<Rows> {
    const result = this.turn.then(() => this.rowsNow(text));
    this.turn = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  private async rowsNow(text: string): Promise<Rows> {
    const rows: (string | null)[][] = [];
    let failed: BackendError | undefined;
    await this.exchange([query(text)], (type, chunk, start, end) => {
      if (type === backend.errorResponse) failed ??= backendError(chunk.subarray(start, end));
      else if (type === backend.dataRow) rows.push(cells(chunk, start));
      return false;
    });
    if (failed !== undefined) throw failed;
    return rows;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  close(): void {
    this.closed = true;
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    const data = this.partial === undefined ? chunk : Buffer.concat([this.partial, chunk]);
    this.partial = undefined;
    let runStart = 0;
    let at = 0;
    const endRun = () => {
      if (at > runStart) this.forward(data.subarray(runStart, at));
    };
    while (data.length - at >= 5) {
      const end = at + 1 + data.readInt32BE(at + 1);
      if (end > data.length) break;
      const type = data[at] ?? 0;
      const verdict = this.passes(type, data, at, end);
      if (verdict === true) at = end;
      else {
        endRun();
        at = end;
        runStart = end;
        if (verdict !== false) this.forward(verdict);
        if (type === backend.readyForQuery) this.finish();
      }
    }
    endRun();
    if (at < data.length) this.partial = at === 0 ? data : Buffer.from(data.subarray(at));
  }

  private passes(type: number, chunk: Buffer, start: number, end: number): boolean | Buffer {
    if (type === backend.parameterStatus) {
      const [name, value] = chunk.toString('utf8', start + 5, end - 1).split('\0');
      this.parameters.set(name ?? '', value ?? '');
      this.onParameter(chunk.subarray(start, end));
      return false;
    }
    if (type === backend.readyForQuery || this.ownResponses > 0 || this.trailing === 'coming') return false;
    return this.inspect?.(type, chunk, start, end) ?? false;
  }

  private finish(): void {
    if (this.ownResponses > 0) {
      this.ownResponses -= 1;
      return;
    }
    if (this.trailing === 'to come') {
      this.trailing = 'coming';
      return;
    }
    this.trailing = 'none';
    const settled = this.settle;
    this.settle = undefined;
    settled?.done();
  }
}

function backendError(frame: Buffer): BackendError {
  const fields = errorFields(frame);
  return new BackendError(fields.C ?? 'XX000', fields.M ?? '');
}

function cells(chunk: Buffer, start: number): (string | null)[] {
  const count = chunk.readInt16BE(start + 5);
  let at = start + 7;
  return Array.from({ length: count }, () => {
    const length = chunk.readInt32BE(at);
    at += 4;
    if (length < 0) return null;
    at += length;
    return chunk.toString('utf8', at - length, at);
  });
}

/** CommandComplete's tag. */
export function tagOf(chunk: Buffer, start: number, end: number): string {
  return chunk.toString('latin1', start + 5, end - 1);
}

/** Rows a tag reports: the last word of `INSERT 0 5`, `UPDATE 5`, `COPY 5`. */
export function rowsOf(tag: string): number {
  const count = Number(tag.slice(tag.lastIndexOf(' ') + 1));
  return Number.isInteger(count) ? count : 0;
}
