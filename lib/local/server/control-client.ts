import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { LocalControlClosedError, LocalControlRefusedError } from '../errors.ts';
import { type ControlRequest, type ControlResponse, controlResponseSchema } from './control-protocol.ts';

/** A connection to a local DSQL's control socket. Requests are answered in order. */
export class ControlClient {
  /** Resolves when the connection has ended. */
  readonly ended: Promise<void>;
  private readonly socket: Socket;
  private readonly waiting: {
    readonly resolve: (response: ControlResponse) => void;
    readonly reject: (e: Error) => void;
  }[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    createInterface({ input: socket })
      .on('line', (line) => this.waiting.shift()?.resolve(controlResponseSchema.parse(JSON.parse(line))))
      .on('error', () => socket.destroy());
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        for (const { reject } of this.waiting.splice(0)) reject(new LocalControlClosedError());
        resolve();
      });
    });
    socket.on('error', () => {});
  }

  /** @throws {LocalControlClosedError} transient: nobody listens there */
  static connect(path: string): Promise<ControlClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once('connect', () => resolve(new ControlClient(socket)));
      socket.once('error', (cause) => reject(new LocalControlClosedError({ cause })));
    });
  }

  /**
   * @throws {LocalControlClosedError} transient: the server went away
   * @throws {LocalControlRefusedError} terminal: the server refused
   */
  async ask(request: ControlRequest): Promise<ControlResponse> {
    this.socket.ref();
    const response = await new Promise<ControlResponse>((resolve, reject) => {
      if (this.socket.destroyed) {
        reject(new LocalControlClosedError());
        return;
      }
      this.waiting.push({ resolve, reject });
      this.socket.write(`${JSON.stringify(request)}\n`);
    });
    if (!response.ok) throw new LocalControlRefusedError(response.error ?? 'no reason given');
    return response;
  }

  /** Lets the process end although the connection is open, until the next request. */
  unref(): void {
    this.socket.unref();
  }

  close(): void {
    this.socket.end();
  }
}
