import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A small API to load from: `GET /users?limit=N` answers `{"results": […]}`, and 429 now and then. */
export interface SampleApi {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Every so many requests, the answer is 429; the first request of a run meets it, so that a retry can be seen. */
const tooManyEvery = 3;

const firstNames = ['Aiko', 'Zoë', "D'Arcy", 'José', '花子', 'Анна', 'Łukasz', 'Bob "Bobby"', 'Mary\nAnn', 'Li, Wei'];
const lastNames = [
  'Tanaka',
  "O'Neill",
  'García',
  '山田',
  'Müller',
  'Smith, Jr.',
  '🦜 Parrot',
  'Nguyễn',
  'Иванова',
  'Kim',
];
const statuses = ['active', 'active', 'active', 'inactive', 'suspended'];

/** The user of this number; always the same for the same number. */
export function sampleUser(number: number): Readonly<Record<string, unknown>> {
  return {
    user_id: number,
    first_name: firstNames[number % firstNames.length],
    last_name: lastNames[(number * 7) % lastNames.length],
    email: number % 11 === 0 ? null : `user${number}@example.com`,
    status: statuses[number % statuses.length],
    postcode: String(number % 100_000).padStart(5, '0'),
    balance: Number(((number * 37) % 100_000) / 100).toFixed(2),
    signed_up: new Date(Date.UTC(2024, 0, 1) + number * 3_600_000).toISOString(),
    address: { city: 'Kyoto', lines: [`${number} Main St`] },
  };
}

/** Starts the API on 127.0.0.1; on another free port when the wished one is taken. */
export async function startSampleApi(port: number): Promise<SampleApi> {
  let requests = 0;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://sample');
    if (url.pathname !== '/users') {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"there is only /users"}');
      return;
    }
    requests += 1;
    if (requests % tooManyEvery === 1) {
      response.writeHead(429, { 'content-type': 'application/json' }).end('{"error":"too many requests"}');
      return;
    }
    const limit = Math.max(0, Math.min(Number(url.searchParams.get('limit') ?? 100), 10_000));
    const results = Array.from({ length: limit }, (_, index) => sampleUser(index + 1));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ results }));
  });
  await listen(server, port).catch(() => listen(server, 0));
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}
