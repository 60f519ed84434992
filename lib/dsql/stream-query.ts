import pg from 'pg';

/** Columns of an answer. */
export type AnswerColumns = readonly { readonly name: string; readonly type: number }[];

/** What a statement answers, piece by piece: its columns, where it has rows; rows; its end. */
export type AnswerPart =
  | { readonly kind: 'columns'; readonly columns: AnswerColumns }
  | { readonly kind: 'rows'; readonly rows: readonly (readonly unknown[])[] }
  | { readonly kind: 'end'; readonly command: string; readonly count: number | null };

/** Rows that are handed over at once, and held back at most before the connection is read no further. */
const groupRows = 500;

interface Handlers {
  handleRowDescription: (message: {
    readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
  }) => void;
  handleCommandComplete: (message: { readonly text: string }, connection: pg.Connection) => void;
}

/** What `pg` calls on a query, and its types leave out. */
const handlers = pg.Query.prototype as unknown as Handlers;

/**
 * A simple query of one statement or several whose rows are handed over as they come: the connection is not read while
 * nobody takes them, so that memory stays flat.
 */
export class StreamQuery extends pg.Query {
  readonly #parts: AnswerPart[] = [];
  #rows: (readonly unknown[])[] = [];
  #stream: pg.Connection['stream'] | undefined;
  #failure: unknown;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(text: string) {
    super({ text, rowMode: 'array' } as pg.QueryConfig);
    this.on('row', (row: unknown) => {
      this.#rows.push(row as readonly unknown[]);
      if (this.#rows.length >= groupRows) this.#flush();
    });
    this.on('end', () => this.#end(undefined));
    this.on('error', (error) => this.#end(error));
  }

  override readonly submit = (connection: pg.Connection): void => {
    this.#stream = connection.stream;
    connection.query((this as unknown as { readonly text: string }).text);
  };

  /** Called by `pg`. */
  handleRowDescription(message: Parameters<Handlers['handleRowDescription']>[0]): void {
    handlers.handleRowDescription.call(this, message);
    this.#give({ kind: 'columns', columns: message.fields.map((one) => ({ name: one.name, type: one.dataTypeID })) });
  }

  /** Called by `pg`. */
  handleCommandComplete(message: { readonly text: string }, connection: pg.Connection): void {
    handlers.handleCommandComplete.call(this, message, connection);
    this.#flush();
    const [, command = '', , count] = /^([A-Z ]*[A-Z])( \d+)?(?: (\d+))?$/.exec(message.text) ?? [];
    const last = /(\d+)$/.exec(message.text)?.[1];
    this.#give({ kind: 'end', command, count: last === undefined ? null : Number(count ?? last) });
  }

  /** Whether the server has said all, or that it failed. */
  get over(): boolean {
    return this.#ended;
  }

  /** The parts in their order. @throws the database's error, behind the parts that came before it */
  async *parts(lost: Promise<never>): AsyncGenerator<AnswerPart> {
    for (;;) {
      const part = this.#parts.shift();
      if (part !== undefined) {
        yield part;
        continue;
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return;
      const more = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#stream?.resume();
      await Promise.race([more, lost]);
    }
  }

  #flush(): void {
    if (this.#rows.length === 0) return;
    this.#give({ kind: 'rows', rows: this.#rows });
    this.#rows = [];
    this.#stream?.pause();
  }

  #give(part: AnswerPart): void {
    this.#parts.push(part);
    this.#wake?.();
  }

  #end(failure: unknown): void {
    this.#flush();
    this.#failure = failure;
    this.#ended = true;
    this.#stream?.resume();
    this.#wake?.();
  }
}
