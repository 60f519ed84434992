import pg from 'pg';

/** The message CopyDone. */
const copyDone = Buffer.from([0x63, 0, 0, 0, 4]);

/**
 * A `COPY … FROM STDIN` and its data as one query of `pg`, which lets no other classes than its own into a pipeline: they
 * might leave it open. This one gives the data as soon as the server asks for it, and ends it.
 */
export class CopyQuery extends pg.Query {
  readonly #text: string;
  readonly #data: readonly Uint8Array[];
  readonly #sent: () => void;

  /**
   * @param data  the lines of COPY's text format in pieces that follow each other, each of 1 GiB at most
   * @param sent  called when the data is on its way, or COPY has failed: the next statement may then follow
   * @param ended  called with the rows that the database says it took, or with the failure
   */
  constructor(text: string, data: readonly Uint8Array[], sent: () => void, ended: (outcome: Error | number) => void) {
    super({ text }, (error: Error | undefined, result) => {
      sent();
      ended(error ?? result?.rowCount ?? 0);
    });
    this.#text = text;
    this.#data = data;
    this.#sent = sent;
  }

  override readonly submit = (connection: pg.Connection): void => {
    connection.query(this.#text);
  };

  /** Called by `pg`. */
  handleCopyInResponse({ stream }: pg.Connection): void {
    stream.cork();
    for (const piece of this.#data) {
      const head = Buffer.alloc(5);
      head.write('d');
      head.writeInt32BE(piece.byteLength + 4, 1);
      stream.write(head);
      stream.write(piece);
    }
    stream.write(copyDone);
    stream.uncork();
    this.#sent();
  }
}
