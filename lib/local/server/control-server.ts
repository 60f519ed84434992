import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { messageOf } from '../../errors.ts';
import { type ControlRequest, type ControlResponse, controlRequestSchema } from './control-protocol.ts';

/** What the control socket can do to the server. */
export interface Controlled {
  readonly status: () => ControlResponse;
  readonly setFaults: (request: Extract<ControlRequest, { readonly op: 'set-faults' }>) => void;
  /** Whether PostgreSQL answers, so that nobody is let in while the server is about to end because it does not. */
  readonly isHealthy: () => Promise<boolean>;
  /** Nobody needs the server any more. */
  readonly shutdown: () => void;
}

/** Listens on a unix socket only its owner can reach, and counts who still needs the server. */
export class ControlServer {
  private readonly server: Server;
  private readonly holders = new Set<Socket>();
  private readonly sockets = new Set<Socket>();
  private readonly controlled: Controlled;
  private persistent = false;
  private closing = false;

  private constructor(controlled: Controlled) {
    this.controlled = controlled;
    this.server = createServer((socket) => this.accept(socket));
  }

  static async listen(path: string, controlled: Controlled): Promise<ControlServer> {
    const control = new ControlServer(controlled);
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      control.server.once('error', reject);
      control.server.listen(path, () => resolve());
    });
    chmodSync(path, 0o600);
    return control;
  }

  /** From now on nobody can hold the server; connections end when `close` is called. */
  stopHolding(): void {
    this.closing = true;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  /** Ends the server when nobody holds it, such as when its starter was killed before holding it. */
  shutdownIfUnused(): void {
    if (this.holders.size > 0 || this.persistent || this.closing) return;
    this.closing = true;
    this.controlled.shutdown();
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.sockets.delete(socket);
      if (this.holders.delete(socket)) this.shutdownIfUnused();
    });
    createInterface({ input: socket })
      .on('line', (line) => {
        this.respond(line, socket).then(
          (response) => socket.write(`${JSON.stringify(response)}\n`),
          () => socket.destroy(),
        );
      })
      .on('error', () => socket.destroy());
  }

  private async respond(line: string, socket: Socket): Promise<ControlResponse> {
    try {
      return await this.perform(controlRequestSchema.parse(JSON.parse(line)), socket);
    } catch (error) {
      return { ok: false, error: messageOf(error) };
    }
  }

  private async perform(request: ControlRequest, socket: Socket): Promise<ControlResponse> {
    if (request.op === 'hold' || request.op === 'persist') {
      if (this.closing || !(await this.controlled.isHealthy()) || this.closing) return { ok: false, error: 'closing' };
      if (request.op === 'persist') this.persistent = true;
      else this.holders.add(socket);
    }
    if (request.op === 'release' && this.holders.delete(socket)) setImmediate(() => this.shutdownIfUnused());
    if (request.op === 'stop') {
      this.persistent = false;
      this.closing = true;
      setImmediate(() => this.controlled.shutdown());
    }
    if (request.op === 'set-faults') this.controlled.setFaults(request);
    return { ...this.controlled.status(), persistent: this.persistent, holders: this.holders.size };
  }
}
