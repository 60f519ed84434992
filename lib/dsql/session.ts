import pg from 'pg';
import { ConnectionLostError } from './connection-lost.ts';
import { CopyQuery } from './copy-query.ts';
import { type AnswerPart, StreamQuery } from './stream-query.ts';

/** One statement. */
export interface Statement {
  readonly text: string;
  /** Values of `$1`, `$2` …, as text; null for SQL's. */
  readonly values: readonly (string | null)[];
  /** Under which the connection keeps the parsed statement; unnamed statements are parsed every time. */
  readonly name?: string | undefined;
  /** Rows as arrays, for two columns may have the same name. */
  readonly asArrays?: boolean | undefined;
}

/** What a statement answered. */
export interface StatementResult {
  readonly rows: readonly unknown[];
  /** Rows read or written; null where the statement has no such number. */
  readonly count: number | null;
  /** The first word of the answer, e.g. `INSERT`. */
  readonly command: string;
  readonly columns: readonly { readonly name: string; readonly type: number }[];
}

/** What a connection is opened with. */
export interface SessionSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string;
  readonly ssl: pg.ClientConfig['ssl'];
  /** A statement that has not ended by then is given up with its connection. */
  readonly statementMs: number;
}

const connectTimeoutMs = 15_000;

/** A peer that is gone without a word is noticed by TCP after this and ten more seconds (Node probes each second, ten times). */
const keepAliveMs = 10_000;

const boolean = 16;
const bytea = 17;

/** Values stay text, so that no digit, microsecond or time zone is lost; but booleans and bytes. */
const types = {
  getTypeParser: (type: number) => (text: string) => {
    if (type === boolean) return text === 't';
    return type === bytea ? Buffer.from(text.slice(2), 'hex') : text;
  },
} as unknown as pg.CustomTypesConfig;

/**
 * One connection, from its opening to its end. It is never used again after a loss: every statement that waits on it, and
 * every later one, fails with `ConnectionLostError`.
 */
export class Session {
  readonly #client: pg.Client;
  readonly #statementMs: number;
  readonly #closed: Promise<void>;
  #lost: ConnectionLostError | undefined;
  /** Settles when the next statement may be sent: statements travel in order, and behind the data of a COPY. */
  #turn: Promise<void> = Promise.resolve();

  private constructor(client: pg.Client, statementMs: number) {
    this.#client = client;
    this.#statementMs = statementMs;
    this.#closed = new Promise((resolve) => {
      client.on('end', () => {
        this.#lose(undefined);
        resolve();
      });
    });
    client.on('error', (error) => this.#lose(error));
  }

  /**
   * @throws {ConnectionLostError} when the other side closed, or did not answer within 15 s
   * @throws the database's error where it refused the connection, or the socket's or TLS's
   */
  static async open(settings: SessionSettings): Promise<Session> {
    const { database, host, password, port, ssl, statementMs, user } = settings;
    const client = new pg.Client({
      host,
      port,
      user,
      database,
      password,
      ssl,
      types,
      application_name: 'dsql-etl',
      keepAlive: true,
      keepAliveInitialDelayMillis: keepAliveMs,
      connectionTimeoutMillis: connectTimeoutMs,
      // Statements that are not awaited one by one travel in one round trip.
      pipeline: true,
    });
    const session = new Session(client, statementMs);
    try {
      await client.connect();
    } catch (error) {
      session.destroy();
      throw openingFailure(error);
    }
    return session;
  }

  /** Whether the connection is there, as far as is known. */
  get usable(): boolean {
    return this.#lost === undefined;
  }

  /** No transaction is open, so the connection may serve somebody else. */
  get idle(): boolean {
    return this.#client.getTransactionStatus() === 'I';
  }

  /**
   * Runs a statement behind those that were given before.
   *
   * @throws {ConnectionLostError} when the connection was lost, or the statement did not end in time
   * @throws the database's error
   */
  async run(statement: Statement): Promise<StatementResult> {
    const { asArrays, name, text, values } = statement;
    const query: pg.QueryArrayConfig<(string | null)[]> = {
      text,
      ...(values.length === 0 ? {} : { values: [...values] }),
      ...(name === undefined ? {} : { name }),
      // `pg` takes other modes than arrays for objects.
      rowMode: (asArrays === true ? 'array' : 'object') as 'array',
    };
    const sent = this.#turn.then(() => {
      if (this.#lost !== undefined) throw this.#lost;
      return { answer: this.#client.query(query) };
    });
    this.#turn = sent.then(
      () => undefined,
      () => undefined,
    );
    const result = await this.#inTime(sent.then(async ({ answer }) => await answer));
    return {
      rows: result.rows,
      count: result.rowCount,
      command: result.command,
      columns: result.fields.map((field) => ({ name: field.name, type: field.dataTypeID })),
    };
  }

  /** Hands the data, in pieces of which one is valid until the next is asked for, to a `COPY … FROM STDIN`. Returns the rows the database took; throws as `run`. */
  async copy(text: string, data: Iterable<Uint8Array>): Promise<number> {
    let onWay: (() => void) | undefined;
    const onTheWay = new Promise<void>((resolve) => {
      onWay = resolve;
    });
    const sent = this.#turn.then(() => {
      if (this.#lost !== undefined) throw this.#lost;
      const answer = new Promise<number>((resolve, reject) => {
        const ended = (outcome: Error | number): void =>
          typeof outcome === 'number' ? resolve(outcome) : reject(outcome);
        this.#client.query(new CopyQuery(text, data, () => onWay?.(), ended));
      });
      return { answer };
    });
    this.#turn = sent.then(
      () => onTheWay,
      () => undefined,
    );
    return await this.#inTime(sent.then(async ({ answer }) => await answer));
  }

  /**
   * Runs a text of one statement or several, and gives what each answers as it comes. Nothing else may be sent meanwhile.
   *
   * @throws {ConnectionLostError} when the connection was lost
   * @throws the database's error, behind what was answered before it
   */
  async *stream(text: string): AsyncGenerator<AnswerPart> {
    await this.#turn;
    if (this.#lost !== undefined) throw this.#lost;
    const query = new StreamQuery(text);
    this.#client.query(query);
    const lost = this.#closed.then(() => {
      throw this.#lost ?? new ConnectionLostError('CONNECTION_CLOSED');
    });
    lost.catch(() => undefined);
    try {
      yield* query.parts(lost);
    } finally {
      // What nobody has taken would stand before the next statement's answer.
      if (!query.over) this.destroy();
    }
  }

  /** Ends the connection with a word to the server; without one after `ms`. */
  async end(ms: number): Promise<void> {
    const ended = this.#client.end();
    ended.catch(() => undefined);
    const timer = setTimeout(() => this.destroy(), ms);
    await this.#closed;
    clearTimeout(timer);
  }

  /** Ends the connection at once; what waits on it fails. */
  destroy(code: 'CONNECTION_ENDED' | 'CONNECTION_SILENT' = 'CONNECTION_ENDED'): void {
    this.#lost ??= new ConnectionLostError(code);
    this.#client.connection.stream.destroy();
  }

  #lose(cause: Error | undefined): void {
    this.#lost ??= new ConnectionLostError('CONNECTION_CLOSED', cause);
  }

  /** The answer, or the failure of a connection that was lost or that did not answer in time. */
  async #inTime<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.destroy('CONNECTION_SILENT');
        reject(this.#lost);
      }, this.#statementMs);
    });
    try {
      return await Promise.race([answer, tooLate]);
    } catch (error) {
      // The database's own words come before the loss that may follow them.
      if (error instanceof pg.DatabaseError) {
        // The connection keeps what it has parsed, and would refuse the same statement again.
        if (error.code === '26000' || /cached plan/.test(error.message)) this.destroy();
        throw error;
      }
      if (this.#lost === undefined) throw error;
      throw new ConnectionLostError(
        this.#lost.code,
        error === this.#lost || !(error instanceof Error) ? undefined : error,
      );
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Of `pg`, failures of connecting without a code are a time that ran out or a socket that was closed. */
function openingFailure(error: unknown): unknown {
  if (!(error instanceof Error) || 'code' in error || /does not support SSL/.test(error.message)) return error;
  return new ConnectionLostError(/timeout/.test(error.message) ? 'CONNECT_TIMEOUT' : 'CONNECTION_CLOSED', error);
}
