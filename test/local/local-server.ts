import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { holdLocalDsql, type LocalDsqlHold, type LocalDsqlOptions } from '../../lib/local/client.ts';
import { localDsqlToken } from '../../lib/local/sign-in.ts';
import { prepareData } from '../support/prepared-data.ts';

/** A local DSQL of a test's own, and clients for it. */
export interface LocalServer {
  readonly hold: LocalDsqlHold;
  readonly stateDir: string;
  connect(user?: string): Promise<pg.Client>;
  /** Ends the clients and the server. */
  close(): Promise<void>;
}

/** Starts a local DSQL in a new folder; commits need not survive a crash of the machine in tests. */
export async function startLocalServer(options: Partial<LocalDsqlOptions> = {}): Promise<LocalServer> {
  const stateDir = mkdtempSync(join(tmpdir(), 'dsql-etl-test-'));
  await prepareData(stateDir);
  const hold = await holdLocalDsql({ durability: 'process', ...options, stateDir });
  const clients: pg.Client[] = [];
  return {
    hold,
    stateDir,
    connect: async (user = 'admin') => {
      const client = new pg.Client(await clientConfig(hold, stateDir, user));
      client.on('error', () => {});
      clients.push(client);
      await client.connect();
      return client;
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.end().catch(() => {})));
      await hold.release();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

/** How `pg` connects. */
export async function clientConfig(hold: LocalDsqlHold, stateDir: string, user = 'admin'): Promise<pg.ClientConfig> {
  const { hostname, port, ca } = hold.endpoint;
  const password = await localDsqlToken(stateDir, { user });
  return { host: hostname, port, user, database: 'postgres', password, ssl: { ca } };
}

/** `SQLSTATE message` of a query's refusal, or `ok`. */
export async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'ok';
  } catch (error) {
    return error instanceof pg.DatabaseError ? `${error.code} ${error.message}` : String(error);
  }
}
