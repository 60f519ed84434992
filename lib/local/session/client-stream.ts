import type { TLSSocket } from 'node:tls';
import { FrameError, FrameReader } from '../wire/frame-reader.ts';

/** Received bytes above which the client is not read from until some are taken. */
const highWaterBytes = 1024 * 1024;

/** A client's connection as whole messages in and bytes out, with backpressure both ways. */
export class ClientStream {
  closed = false;
  /** Called once when the connection ends for whatever reason. */
  onClose: () => void = () => {};
  readonly socket: TLSSocket;
  private readonly reader: FrameReader;
  private wake: (() => void) | undefined;

  constructor(socket: TLSSocket, maxMessageBytes: number) {
    this.socket = socket;
    this.reader = new FrameReader(maxMessageBytes);
    socket.on('data', (chunk: Buffer) => {
      this.reader.push(chunk);
      if (this.reader.buffered > highWaterBytes && this.wake === undefined) socket.pause();
      this.wakeUp();
    });
    socket.on('error', () => this.close());
    socket.on('end', () => this.close());
    socket.on('close', () => this.close());
  }

  /**
   * The next typed message; undefined when the client is gone or sent what is no message, or when `until.stopped` was
   * set and `wakeUp` called while waiting.
   */
  async next(until: { readonly stopped: boolean } = { stopped: false }): Promise<Buffer | undefined> {
    return await this.take(() => this.reader.take(), until);
  }

  /** The start-up message, which has no type. */
  async startup(): Promise<Buffer | undefined> {
    return await this.take(() => this.reader.takeUntyped(), { stopped: false });
  }

  /** What of the message `next` returned last follows the part it returned: pieces of a large Bind. */
  get rest(): readonly Buffer[] {
    return this.reader.rest;
  }

  write(bytes: Buffer): boolean {
    return this.closed ? true : this.socket.write(bytes);
  }

  /** Sends what is left and ends the connection. */
  end(bytes: Buffer): void {
    if (this.closed) return;
    this.socket.end(bytes);
    this.socket.setTimeout(2_000, () => this.close());
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.socket.destroy();
    this.wakeUp();
    this.onClose();
  }

  private async take(cut: () => Buffer | undefined, until: { readonly stopped: boolean }): Promise<Buffer | undefined> {
    for (;;) {
      if (this.closed || until.stopped) return undefined;
      const frame = this.cutOrClose(cut);
      if (frame !== undefined) return frame;
      if (this.socket.isPaused()) this.socket.resume();
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  private cutOrClose(cut: () => Buffer | undefined): Buffer | undefined {
    try {
      return cut();
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.close();
      return undefined;
    }
  }

  /** Resolves when the connection has ended. */
  ended(): Promise<void> {
    return this.closed ? Promise.resolve() : new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  /** Makes a waiting `next` look again. */
  wakeUp(): void {
    const wake = this.wake;
    this.wake = undefined;
    wake?.();
  }
}
