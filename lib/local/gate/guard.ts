import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { Cluster, type ClusterOptions } from '../cluster.ts';
import type { LocalCertificate } from '../server/certificate.ts';
import { ClientStream } from '../session/client-stream.ts';
import { Session } from '../session/session.ts';
import * as errors from '../wire/dsql-errors.ts';
import { errorResponse } from '../wire/error-response.ts';
import { cstringAt, message } from '../wire/message.ts';
import { clusterHostname, type LocalCredentials } from './credentials.ts';
import { readStartup, sessionSettings, welcome } from './startup.ts';
import { refuseToken } from './token.ts';

const sslRequest = 80_877_103;
const gssRequest = 80_877_104;
const cancelRequest = 80_877_102;

/** After this long without traffic the kernel asks whether the client is still there, so that half-open connections end. */
const keepAliveMs = 60_000;

/** What a guard needs. */
export interface GuardOptions extends ClusterOptions {
  readonly certificate: LocalCertificate;
  readonly credentials: LocalCredentials;
}

/** The server clients see: TLS, tokens and connection limits here, everything after that in a Session each. */
export class Guard {
  readonly cluster: Cluster;
  private readonly options: GuardOptions;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly secureContext;
  private connections = 0;
  private permits: number;
  private refilledAt: number;
  private processId = 0;

  private constructor(options: GuardOptions, cluster: Cluster) {
    this.options = options;
    this.cluster = cluster;
    this.permits = options.limits.connectionBurst;
    this.refilledAt = options.now();
    this.secureContext = createSecureContext({
      cert: options.certificate.certificate,
      key: options.certificate.key,
      minVersion: 'TLSv1.2',
      // The cheapest first: the guard's own processor time is the one cost of it that a loader notices.
      ciphers:
        'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384',
      honorCipherOrder: true,
    });
    this.server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs }, (socket) =>
      this.accept(socket),
    );
  }

  /** Listens on loopback. */
  static async listen(options: GuardOptions, port: number): Promise<Guard> {
    const guard = new Guard(options, await Cluster.open(options));
    await new Promise<void>((resolve, reject) => {
      guard.server.once('error', reject);
      guard.server.listen(port, '127.0.0.1', () => resolve());
    });
    void guard.cluster.jobs.begin();
    return guard;
  }

  /** Sessions open now. */
  get connected(): number {
    return this.connections;
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  close(): void {
    this.server.close();
    this.cluster.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    // Not socket.setTimeout: TLS takes the socket over, and the timer would go on to cut sessions that are merely idle.
    const deadline = setTimeout(() => socket.destroy(), this.options.limits.handshakeSeconds * 1000);
    socket.on('close', () => clearTimeout(deadline));
    this.greet(socket, () => clearTimeout(deadline));
  }

  /** Direct TLS begins with a TLS record; else the client asks for TLS first. */
  private greet(socket: Socket, signedIn: () => void): void {
    let received = Buffer.alloc(0);
    const look = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received[0] === 0x16) {
        socket.off('data', look);
        socket.pause();
        socket.unshift(received);
        this.secure(socket, true, signedIn);
        return;
      }
      if (received.length < 8) return;
      const code = received.readInt32BE(4);
      const length = received.readInt32BE(0);
      if (code === gssRequest && length === 8) {
        received = received.subarray(8);
        socket.write('N');
      } else if (code === sslRequest && length === 8 && received.length === 8) {
        socket.off('data', look);
        socket.pause();
        socket.write('S');
        this.secure(socket, false, signedIn);
      } else if (code === cancelRequest) socket.destroy();
      else {
        const fatal = {
          severity: 'FATAL',
          sqlstate: '08P01',
          message: 'SSL is mandatory',
        } as const;
        socket.end(errorResponse(fatal));
      }
    };
    socket.on('data', look);
  }

  private secure(socket: Socket, direct: boolean, signedIn: () => void): void {
    const tls = new TLSSocket(socket, {
      isServer: true,
      secureContext: this.secureContext,
      ALPNProtocols: ['postgresql'],
    });
    let serverName = '';
    tls.on('error', () => socket.destroy());
    tls.once('secure', () => {
      if (direct && tls.alpnProtocol !== 'postgresql') {
        socket.destroy();
        return;
      }
      const name: unknown = 'servername' in tls ? tls.servername : undefined;
      serverName = typeof name === 'string' ? name : '';
      const client = new ClientStream(tls, this.options.limits.messageBytes);
      void this.serve(client, serverName, signedIn).catch(() => client.close());
    });
  }

  private async serve(client: ClientStream, serverName: string, signedIn: () => void): Promise<void> {
    const parameters = readStartup(await client.startup());
    if (parameters === undefined) return client.close();
    client.write(message('R', Buffer.from([0, 0, 0, 3])));
    const password = await client.next();
    if (password === undefined || password[0] !== 0x70) return client.close();
    const user = parameters.user ?? '';
    const refusal = await this.refuse(user, cstringAt(password, 5)[0], serverName);
    if (refusal !== undefined) return client.end(errorResponse(refusal));
    if ((parameters.database ?? user) !== 'postgres') {
      const name = parameters.database ?? user;
      return client.end(
        errorResponse({ severity: 'FATAL', sqlstate: '3D000', message: `database "${name}" does not exist` }),
      );
    }
    const session = sessionSettings(parameters);
    if ('refusal' in session) return client.end(errorResponse(session.refusal));
    this.connections += 1;
    signedIn();
    const lifetime = setTimeout(() => client.close(), this.options.limits.connectionSeconds * 1000);
    try {
      this.processId += 1;
      client.write(welcome(parameters, this.processId));
      await new Session(client, this.cluster, user, session.settings).run();
    } finally {
      clearTimeout(lifetime);
      this.connections -= 1;
    }
  }

  private async refuse(user: string, token: string, serverName: string) {
    if (this.connections >= this.options.limits.connections) return errors.tooManyConnections;
    if (this.cluster.faults.refusesConnections || !this.admit()) return errors.rateExceeded;
    const { credentials } = this.options;
    const hosts = ['localhost', '127.0.0.1', '[::1]', clusterHostname(credentials), serverName];
    const now = new Date(this.options.now() + (this.cluster.faults.expiresTokens ? 8 * 24 * 3600 * 1000 : 0));
    const refusal = refuseToken(token, { user, hosts, credentials, now });
    if (refusal !== undefined) return errors.accessDenied(refusal.hint);
    return (await this.mayConnect(user)) ? undefined : errors.accessDenied(undefined);
  }

  /** Besides admin, roles that may log in and that an IAM role was granted. */
  private async mayConnect(user: string): Promise<boolean> {
    if (user === 'admin') return true;
    return await this.cluster.locks.mayConnect(user);
  }

  /** New connections are drawn from a bucket that refills continuously. */
  private admit(): boolean {
    const now = this.options.now();
    const refill = ((now - this.refilledAt) / 1000) * this.options.limits.connectionRate;
    this.permits = Math.min(this.options.limits.connectionBurst, this.permits + refill);
    this.refilledAt = now;
    if (this.permits < 1) return false;
    this.permits -= 1;
    return true;
  }
}
