import type { Duplex } from 'node:stream';
import pg from 'pg';

/** The message CopyDone. */
const copyDone = Buffer.from([0x63, 0, 0, 0, 4]);

/** The message CopyFail, without words. */
const copyFail = Buffer.from([0x66, 0, 0, 0, 5, 0]);

/**
 * A `COPY … FROM STDIN` and its data as one query of `pg`, which lets no other classes than its own into a pipeline: they
 * might leave it open. This one gives the data as soon as the server asks for it, and ends it.
 */
export class CopyQuery extends pg.Query {
  readonly #text: string;
  readonly #data: Iterable<Uint8Array>;
  #over = false;
  #unread: Error | undefined;
  readonly #sent: () => void;

  /**
   * @param data  the lines of COPY's text format in pieces that follow each other, each of 1 GiB at most; the next one is
   *   asked for when the one before has left, and its failure is that of the COPY
   * @param sent  called when the data is on its way, or COPY has failed: the next statement may then follow
   * @param ended  called with the rows that the database says it took, or with the failure
   */
  constructor(text: string, data: Iterable<Uint8Array>, sent: () => void, ended: (outcome: Error | number) => void) {
    super({ text }, (error: Error | undefined, result) => {
      this.#over = true;
      sent();
      ended(this.#unread ?? error ?? result?.rowCount ?? 0);
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
    void this.#send(stream);
  }

  /** Ends when all is on its way, or as soon as the query is over: the connection may then be in another one. */
  async #send(stream: Duplex): Promise<void> {
    let end = copyDone;
    try {
      for (const piece of this.#data) {
        await new Promise<unknown>((resolve) => {
          const head = Buffer.alloc(5);
          head.write('d');
          head.writeInt32BE(piece.byteLength + 4, 1);
          stream.cork();
          stream.write(head);
          stream.write(piece, resolve);
          stream.uncork();
        });
        if (this.#over) return;
      }
    } catch (error) {
      this.#unread = error instanceof Error ? error : new Error(String(error));
      end = copyFail;
    }
    stream.write(end);
    this.#sent();
  }
}
