import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { localDsqlToken } from '../../lib/local/sign-in.ts';
import { errorFields } from '../../lib/local/wire/error-response.ts';
import { FrameReader } from '../../lib/local/wire/frame-reader.ts';
import { cstrings, message } from '../../lib/local/wire/message.ts';
import type { LocalServer } from './local-server.ts';

/** The wire protocol by hand, for what drivers do not do. */
export class WireClient {
  readonly socket: TLSSocket;
  private readonly reader = new FrameReader(64 * 1024 * 1024);
  private wake: () => void = () => {};

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.reader.push(chunk);
      this.wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => this.wake());
  }

  /** Connects over direct TLS. */
  static async direct(server: LocalServer): Promise<WireClient> {
    const { port, ca } = server.hold.endpoint;
    const socket = connectTls({ host: '127.0.0.1', port, ca, servername: 'localhost', ALPNProtocols: ['postgresql'] });
    await once(socket, 'secureConnect');
    return new WireClient(socket);
  }

  /** Asks for TLS first, as older clients do. */
  static async asking(server: LocalServer): Promise<WireClient> {
    const { port, ca } = server.hold.endpoint;
    const raw = connectTcp(port, '127.0.0.1');
    raw.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
    const [answer] = (await once(raw, 'data')) as [Buffer];
    if (answer.toString() !== 'S') throw new Error('the server does not offer TLS');
    const socket = connectTls({ socket: raw, ca, servername: 'localhost' });
    await once(socket, 'secureConnect');
    return new WireClient(socket);
  }

  /** Signs in and waits until the server is ready; its refusal as `SQLSTATE message`. */
  async signIn(token: string, user = 'admin', database = 'postgres'): Promise<string> {
    const body = Buffer.concat([
      Buffer.from([0, 3, 0, 0]),
      cstrings('user', user, 'database', database),
      Buffer.alloc(1),
    ]);
    const length = Buffer.alloc(4);
    length.writeInt32BE(body.length + 4);
    this.socket.write(Buffer.concat([length, body]));
    await this.next();
    this.send('p', cstrings(token));
    return (await this.untilReady()).at(-1) ?? '';
  }

  send(type: string, body: Buffer = Buffer.alloc(0)): void {
    this.socket.write(message(type, body));
  }

  /** The next message; undefined when the server has closed the connection. */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      const frame = this.reader.take();
      if (frame !== undefined) return frame;
      if (this.socket.destroyed) return undefined;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Tags and errors up to ReadyForQuery, each as text; `closed` when the connection ended instead. */
  async untilReady(): Promise<readonly string[]> {
    const seen: string[] = [];
    for (;;) {
      const frame = await this.next();
      if (frame === undefined) return [...seen, 'closed'];
      const type = String.fromCharCode(frame[0] ?? 0);
      if (type === 'C') seen.push(frame.toString('utf8', 5, frame.length - 1));
      if (type === 'E') {
        const { C: code, M: text } = errorFields(frame);
        seen.push(`${code} ${text}`);
      }
      if (type === 'G') return seen;
      if (type === 'Z') return [...seen, `ready ${frame.toString('utf8', 5)}`];
    }
  }

  async query(sql: string): Promise<readonly string[]> {
    this.send('Q', cstrings(sql));
    return await this.untilReady();
  }

  /** Sends a statement and rows for its COPY FROM STDIN. */
  async copyIn(sql: string, rows: string | Buffer, extended = false): Promise<readonly string[]> {
    if (extended) {
      this.send('P', Buffer.concat([cstrings('', sql), Buffer.alloc(2)]));
      this.send('B', Buffer.alloc(8));
      this.send('E', Buffer.alloc(5));
      this.send('S');
    } else this.send('Q', cstrings(sql));
    const refused = await this.untilReady();
    if (refused.length > 0) return refused;
    const bytes = typeof rows === 'string' ? Buffer.from(rows) : rows;
    for (let at = 0; at < bytes.length; at += 10_000) this.send('d', bytes.subarray(at, at + 10_000));
    this.send('c');
    if (extended) this.send('S');
    return await this.untilReady();
  }

  close(): void {
    this.socket.destroy();
  }
}

/** A signed-in client. */
export async function wireClient(server: LocalServer): Promise<WireClient> {
  const client = await WireClient.direct(server);
  await client.signIn(await localDsqlToken(server.stateDir));
  return client;
}
