import { frontend, sync } from '../wire/message.ts';
import type { PostgresConnection } from '../wire/postgres-connection.ts';
import type { ClientOutput } from './client-output.ts';
import type { ClientStream } from './client-stream.ts';

/** A running COPY FROM STDIN: moves the client's rows to PostgreSQL until the client ends it, or PostgreSQL does. */
export class CopyIn {
  /** Resolves when nothing more is taken from the client. */
  readonly finished: Promise<void>;
  /** Bytes of rows moved. */
  bytes = 0;
  private readonly client: ClientStream;
  private readonly connection: PostgresConnection;
  private readonly output: ClientOutput;
  private readonly state = { stopped: false };
  private synced: boolean;

  /** @param extended  begun by Execute, whose Sync PostgreSQL has dropped and needs again after the last row */
  constructor(client: ClientStream, connection: PostgresConnection, output: ClientOutput, extended: boolean) {
    this.client = client;
    this.connection = connection;
    this.output = output;
    this.synced = !extended;
    this.finished = this.move();
  }

  /** PostgreSQL has ended it with an error. */
  refused(): void {
    this.state.stopped = true;
    this.resync();
    this.client.wakeUp();
  }

  private async move(): Promise<void> {
    // The message that asks for rows is forwarded after this constructor returns.
    await Promise.resolve();
    this.output.release(this.connection);
    for (;;) {
      const frame = await this.client.next(this.state);
      if (this.state.stopped) return;
      if (frame === undefined) return this.connection.close();
      const type = frame[0];
      if (type === frontend.sync || type === frontend.flush) continue;
      if (type !== frontend.copyData && type !== frontend.copyDone && type !== frontend.copyFail) {
        this.connection.close();
        return;
      }
      if (type !== frontend.copyData) this.output.hold();
      else this.bytes += frame.length - 5;
      if (!this.connection.send([frame])) await this.connection.drained();
      if (type !== frontend.copyData) return this.resync();
    }
  }

  private resync(): void {
    if (!this.synced) this.connection.send([sync]);
    this.synced = true;
  }
}
