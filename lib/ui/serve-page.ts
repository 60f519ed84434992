import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { appOf } from './app.ts';
import { Guard } from './guard.ts';
import type { Site } from './site.ts';

/** A page that is being served. */
export interface ServedPage {
  readonly port: number;
  /** A link that opens the page once. */
  readonly newLink: () => string;
  readonly close: () => Promise<void>;
}

/**
 * Serves the page on 127.0.0.1 alone.
 *
 * @param port  0 for any free one
 * @throws the system's error where the port is taken
 */
export async function servePage(site: Site, port: number): Promise<ServedPage> {
  let app: Hono | undefined;
  const answer = getRequestListener((request, env) => app?.fetch(request, env) ?? new Response(null, { status: 503 }), {
    overrideGlobalObjects: false,
  });
  const server: Server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  const guard = new Guard(bound);
  app = appOf(site, guard);
  return {
    port: bound,
    newLink: () => guard.newLink(),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
