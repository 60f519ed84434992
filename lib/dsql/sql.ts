import { createHash } from 'node:crypto';
import { ConnectionLostError } from './connection-lost.ts';
import { StatementRefusedError } from './errors.ts';
import type { Pool } from './pool.ts';
import type { Session, Statement, StatementResult } from './session.ts';
import type { AnswerPart } from './stream-query.ts';

/** A value of a parameter. It is sent as text without a type: the statement casts it where the type is not plain. */
export type Parameter = string | number | bigint | boolean | Date | null;

type Row = Readonly<Record<string, unknown>>;

/** Rows, with what the database said of them. */
export type RowList<T extends readonly unknown[]> = T & {
  /** Rows read or written; null where the statement has no such number. */
  readonly count: number | null;
  readonly command: string;
  readonly columns: readonly { readonly name: string; readonly type: number }[];
};

/** Statements on one connection or on any of a pool. */
export interface Statements {
  /** Runs the statement; the template's values travel as parameters. Parsed once for each connection. */
  <T extends readonly object[] = Row[]>(
    text: TemplateStringsArray,
    ...values: readonly Parameter[]
  ): Promise<RowList<T>>;
  /**
   * Runs the text as it stands. Without values it is a simple query; with `prepare` each connection parses it once.
   */
  readonly unsafe: <T extends readonly object[] = Row[]>(
    text: string,
    values?: readonly Parameter[],
    options?: { readonly prepare?: boolean | undefined },
  ) => Promise<RowList<T>>;
}

/** The statements of one transaction. After its end, or the loss of its connection, they fail. */
export interface Transaction extends Statements {
  /** Hands the lines, in pieces that follow each other, to a `COPY … FROM STDIN`; returns how many rows the database took. A statement given next travels behind them. */
  readonly copy: (statement: string, lines: Iterable<Uint8Array>) => Promise<number>;
  /** One statement, whose rows come as arrays, for two columns may have the same name. */
  readonly values: (text: string) => Promise<RowList<readonly (readonly unknown[])[]>>;
}

/** A pool of connections. */
export interface Sql extends Statements {
  /** Rows as arrays, for two columns may have the same name. */
  readonly values: (text: string) => Promise<RowList<readonly (readonly unknown[])[]>>;
  /**
   * Runs a text of one statement or several, which are one transaction, and gives what each answers as it comes; rows as
   * arrays. What is not taken is not read from the database either.
   *
   * @throws the database's error, behind what was answered before it
   */
  readonly stream: (text: string) => AsyncGenerator<AnswerPart>;
  /**
   * Runs `work` in a transaction on a connection of its own, which is committed when `work` ends, and rolled back when
   * it or one of its statements failed.
   *
   * @param options  `readOnly`: the database refuses whatever would write
   * @throws {ConnectionLostError} when the connection was lost; whether a COMMIT under way took effect is not known
   * Killed midway: committed as a whole or not at all.
   */
  readonly begin: <T>(
    work: (transaction: Transaction) => Promise<T>,
    options?: { readonly readOnly?: boolean | undefined },
  ) => Promise<T>;
  /**
   * Runs `work` on one connection, without a transaction: statements that it does not await one by one travel in one round
   * trip, and each succeeds or fails by itself.
   */
  readonly together: <T>(work: (statements: Statements) => Promise<T>) => Promise<T>;
  /** Begins to open a connection, for the first statement to be given. A failure is met by that statement. */
  readonly openAhead: () => void;
  /** Ends the connections; those in use after `timeout` seconds, whatever they do. */
  readonly end: (options: { readonly timeout: number }) => Promise<void>;
}

/** The statements that a pool serves. */
export function sqlOf(pool: Pool): Sql {
  const lend = async <T>(work: (session: Session) => Promise<T>): Promise<T> => {
    const session = await pool.acquire();
    try {
      return await work(session);
    } finally {
      pool.release(session);
    }
  };
  return Object.assign(
    statements(async (statement) => await lend(async (session) => await session.run(statement))),
    {
      values: async (text: string) => await lend(async (session) => await valuesOf(session, text)),
      stream: async function* (text: string) {
        const session = await pool.acquire();
        try {
          yield* session.stream(text);
        } finally {
          pool.release(session);
        }
      },
      begin: async <T>(
        work: (transaction: Transaction) => Promise<T>,
        options: { readonly readOnly?: boolean | undefined } = {},
      ) => await lend(async (session) => await inTransaction(session, work, options.readOnly === true)),
      together: async <T>(work: (statements: Statements) => Promise<T>) =>
        await lend(async (session) => await work(statements(async (statement) => await session.run(statement)))),
      openAhead: () => pool.openAhead(),
      end: async ({ timeout }: { readonly timeout: number }) => await pool.end(timeout * 1000),
    },
  );
}

/** A named statement is one: the database refuses several in it. */
async function valuesOf(session: Session, text: string): Promise<RowList<readonly (readonly unknown[])[]>> {
  return listOf<readonly (readonly unknown[])[]>(
    await session.run({ text, values: [], name: nameOf(text), asArrays: true }),
  );
}

async function inTransaction<T>(
  session: Session,
  work: (transaction: Transaction) => Promise<T>,
  readOnly: boolean,
): Promise<T> {
  let over = false;
  const open = (): void => {
    if (over) throw new ConnectionLostError('CONNECTION_ENDED');
  };
  const transaction: Transaction = Object.assign(
    statements(async (statement) => {
      open();
      return await session.run(statement);
    }),
    {
      copy: async (statement: string, lines: Iterable<Uint8Array>) => {
        open();
        return await session.copy(statement, lines);
      },
      values: async (text: string) => {
        open();
        return await valuesOf(session, text);
      },
    },
  );
  const end = async (text: 'BEGIN' | 'BEGIN READ ONLY' | 'COMMIT' | 'ROLLBACK'): Promise<string> =>
    (await session.run({ text, values: [] })).command;
  await end(readOnly ? 'BEGIN READ ONLY' : 'BEGIN');
  try {
    const result = await work(transaction);
    over = true;
    // PostgreSQL answers the COMMIT of a transaction in which a statement failed by ROLLBACK, and not by an error.
    const command = await end('COMMIT');
    if (command !== 'COMMIT') throw new StatementRefusedError('COMMIT', '25P02', 'a statement before it had failed');
    return result;
  } catch (error) {
    over = true;
    if (session.usable && !session.idle) await end('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

function statements(run: (statement: Statement) => Promise<StatementResult>): Statements {
  const tagged = async <T extends readonly object[] = Row[]>(
    parts: TemplateStringsArray,
    ...values: readonly Parameter[]
  ): Promise<RowList<T>> => {
    const text = parts.slice(1).reduce((before, part, index) => `${before}$${index + 1}${part}`, parts[0] ?? '');
    return listOf<T>(await run({ text, values: values.map(textOf), name: nameOf(text) }));
  };
  return Object.assign(tagged, {
    unsafe: async <T extends readonly object[] = Row[]>(
      text: string,
      values: readonly Parameter[] = [],
      options: { readonly prepare?: boolean | undefined } = {},
    ) =>
      listOf<T>(
        await run({ text, values: values.map(textOf), ...(options.prepare === true ? { name: nameOf(text) } : {}) }),
      ),
  });
}

function textOf(value: Parameter): string | null {
  return value === null ? null : value instanceof Date ? value.toISOString() : String(value);
}

/** The name under which connections keep a parsed statement: of its text, and short enough for an identifier. */
function nameOf(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

function listOf<T extends readonly unknown[]>({ columns, command, count, rows }: StatementResult): RowList<T> {
  return Object.defineProperties(rows as unknown as RowList<T>, {
    count: { value: count },
    command: { value: command },
    columns: { value: columns },
  });
}
