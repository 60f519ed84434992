import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import type { LocalEndpoint } from '../../lib/local/client.ts';
import { localFolder } from '../../lib/local/postgres/folder.ts';
import { FrameReader } from '../../lib/local/wire/frame-reader.ts';

/** A message on its way through the proxy. */
export interface Passing {
  /** Who sent it. */
  readonly from: 'client' | 'server';
  /** The message's type, e.g. `Q` for a simple query, `d` for COPY's data; empty for the startup message. */
  readonly type: string;
  /** The statement that the client sent last on this connection, on one line. */
  readonly statement: string;
  /** Text of a CommandComplete, else empty. */
  readonly tag: string;
  /** Number of the connection, from 1. */
  readonly connection: number;
}

/**
 * What becomes of a message: it passes, or the connection is cut before it, in the middle of it, or behind it, with a
 * reset or an orderly end on both sides; or nothing passes any more in either direction and nothing is closed.
 */
export type Fate = 'pass' | 'silent' | `${'before' | 'midway' | 'behind'}-${'rst' | 'fin'}`;

export interface DsqlProxy {
  readonly port: number;
  /** Decides about every message; a promise holds it, and what follows it on its way, until it settles. */
  decide: (passing: Passing) => Fate | Promise<Fate>;
  /** Connections opened so far. */
  readonly opened: () => number;
  /** Cuts all connections, and refuses new ones until `accept`. */
  readonly refuse: () => void;
  readonly accept: () => void;
  readonly close: () => Promise<void>;
}

interface Link {
  statement: string;
  silent: boolean;
  readonly number: number;
  readonly client: tls.TLSSocket;
  readonly server: tls.TLSSocket;
  readonly raw: net.Socket;
  readonly upstream: net.Socket;
}

const noError = (): void => undefined;

/**
 * A proxy before a local DSQL that reads the protocol: it ends the client's TLS with the local DSQL's own key, so that a
 * test can hold or cut a connection at one message of a statement, in place of at a random time.
 */
export async function openDsqlProxy(stateDir: string, endpoint: LocalEndpoint): Promise<DsqlProxy> {
  const folder = localFolder(stateDir);
  const context = tls.createSecureContext({
    cert: readFileSync(folder.certificateFile),
    key: readFileSync(folder.keyFile),
  });
  const sockets = new Set<net.Socket>();
  let links = 0;
  let refusing = false;
  const proxy = { decide: (): Fate => 'pass' } as { decide: DsqlProxy['decide'] };

  const track = (socket: net.Socket): net.Socket => {
    socket.on('error', noError);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    return socket;
  };

  const cut = (link: Link, how: string): void => {
    if (how === 'rst') {
      link.raw.resetAndDestroy();
      link.upstream.resetAndDestroy();
    } else {
      link.raw.end();
      link.raw.destroySoon();
      link.upstream.end();
      link.upstream.destroySoon();
    }
  };

  const pass = async (link: Link, from: 'client' | 'server', frame: Buffer, typed: boolean): Promise<boolean> => {
    const type = typed ? String.fromCharCode(frame[0] ?? 0) : '';
    if (from === 'client' && type === 'Q') link.statement = textAt(frame, 5);
    if (from === 'client' && type === 'P') link.statement = textAt(frame, frame.indexOf(0, 5) + 1);
    const tag = from === 'server' && type === 'C' ? textAt(frame, 5) : '';
    const fate = await proxy.decide({ from, type, statement: link.statement, tag, connection: link.number });
    const to = from === 'client' ? link.server : link.client;
    if (link.silent) return await new Promise(() => undefined);
    if (to.destroyed) return false;
    if (fate === 'silent') {
      link.silent = true;
      // For ever: leaving the loop would close the connection.
      return await new Promise(() => undefined);
    }
    const [where, how] = fate.split('-');
    const bytes =
      where === 'before' ? frame.subarray(0, 0) : where === 'midway' ? frame.subarray(0, frame.length >> 1) : frame;
    if (bytes.length > 0) {
      // Flushed before the cut, so that the other side has read them.
      await new Promise<void>((resolve) => to.write(bytes, () => resolve()));
    }
    if (how === undefined) return true;
    cut(link, how);
    return false;
  };

  const pump = async (link: Link, from: 'client' | 'server'): Promise<void> => {
    const reader = new FrameReader(64 * 1024 * 1024);
    let typed = from === 'server';
    const source = from === 'client' ? link.client : link.server;
    for await (const chunk of source) {
      reader.push(chunk as Buffer);
      for (;;) {
        const first = typed ? reader.take() : reader.takeUntyped();
        if (first === undefined) break;
        if (!(await pass(link, from, Buffer.concat([first, ...reader.rest]), typed))) return;
        typed = true;
      }
    }
    const to = from === 'client' ? link.server : link.client;
    if (!link.silent) to.end();
  };

  const serve = async (raw: net.Socket): Promise<void> => {
    track(raw);
    links += 1;
    const number = links;
    // SSLRequest, answered before TLS begins.
    await new Promise<void>((resolve) => raw.once('data', () => resolve()));
    raw.write('S');
    const client = new tls.TLSSocket(raw, { isServer: true, secureContext: context });
    track(client);
    const upstream = net.connect({ host: endpoint.hostname, port: endpoint.port, noDelay: true });
    track(upstream);
    upstream.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
    await new Promise<void>((resolve, reject) => {
      upstream.once('data', () => resolve());
      upstream.once('close', () => reject(new Error('The server closed.')));
    });
    const server = tls.connect({ socket: upstream, ca: endpoint.ca, servername: endpoint.hostname });
    track(server);
    const link: Link = { statement: '', silent: false, number, client, server, raw, upstream };
    await Promise.all(
      (['client', 'server'] as const).map(async (from) => {
        await pump(link, from).catch(() => {
          raw.destroy();
          upstream.destroy();
        });
      }),
    );
  };

  const listener = net.createServer({ noDelay: true }, (raw) => {
    if (refusing) raw.destroy();
    else void serve(raw).catch(() => raw.destroy());
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return Object.assign(proxy, {
    port: address.port,
    opened: () => links,
    refuse: () => {
      refusing = true;
      for (const socket of sockets) socket.destroy();
    },
    accept: () => {
      refusing = false;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  });
}

function textAt(frame: Buffer, start: number): string {
  return frame.toString('utf8', start, frame.indexOf(0, start)).replace(/\s+/g, ' ').trim();
}
