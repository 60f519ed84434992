import type pg from 'pg';
import { type LocalServer, outcome, startLocalServer } from '../local-server.ts';

export const conflict = '40001 change conflicts with another transaction (OC000)';

const connections = 16;
const counters = 8;

/** What came of hammering: increments that were told committed, and every outcome seen. */
export interface Hammered {
  readonly done: number;
  readonly seen: ReadonlySet<string>;
}

/** Sixteen connections and eight counters. */
export interface Counters {
  readonly clients: readonly pg.Client[];
  total(): Promise<number>;
  /** Increments counters from all connections at once for so long, one or two in a transaction. */
  hammer(ms: number, retry: boolean): Promise<Hammered>;
  close(): Promise<void>;
}

export async function startCounters(): Promise<Counters> {
  const server: LocalServer = await startLocalServer();
  const clients = await Promise.all(Array.from({ length: connections }, () => server.connect()));
  const [first] = clients;
  await first?.query('CREATE TABLE counter (id int PRIMARY KEY, n bigint NOT NULL)');
  await first?.query('INSERT INTO counter SELECT g, 0 FROM generate_series(1, 8) AS g');
  return {
    clients,
    total: async () => (await first?.query('SELECT sum(n)::int AS n FROM counter'))?.rows[0].n,
    hammer: async (ms, retry) => await hammer(clients, ms, retry),
    close: async () => await server.close(),
  };
}

async function increment(client: pg.Client, ids: readonly number[]): Promise<string> {
  const result = await outcome(
    (async () => {
      await client.query('BEGIN');
      for (const id of ids) await client.query('UPDATE counter SET n = n + 1 WHERE id = $1', [id]);
      await client.query('COMMIT');
    })(),
  );
  if (result !== 'ok') await client.query('ROLLBACK');
  return result;
}

async function hammer(clients: readonly pg.Client[], ms: number, retry: boolean): Promise<Hammered> {
  const until = performance.now() + ms;
  const seen = new Set<string>();
  let done = 0;
  await Promise.all(
    clients.map(async (client, index) => {
      for (let turn = index; performance.now() < until; turn += 1) {
        const ids = turn % 3 === 0 ? [1 + (turn % counters), 1 + ((turn * 5) % counters)] : [1 + (turn % counters)];
        let result = await increment(client, ids);
        seen.add(result);
        for (; retry && result === conflict; result = await increment(client, ids)) seen.add(result);
        if (result === 'ok') done += ids.length;
      }
    }),
  );
  return { done, seen };
}
