import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { connect, type Sql } from '../../lib/dsql/connect.ts';
import { type DsqlProxy, type Fate, openDsqlProxy, type Passing } from './dsql-proxy.ts';
import { type LocalTarget, localTarget } from './local-target.ts';
import { runFile } from './run-file.ts';

/** A local DSQL that is reached through a proxy which breaks connections. */
export interface BreakingTarget {
  readonly target: LocalTarget;
  readonly proxy: DsqlProxy;
  /** A pool that reaches the local DSQL through the proxy, and gives up a statement after 1.5 s. */
  readonly through: (maxConnections: number) => Sql;
  /** Loads 2,000 rows in batches of 200 while one message meets its fate; every row must be there once. */
  readonly loadUnder: (table: string, settings: string, loss: Loss) => Promise<void>;
  /** Lets everything pass again, and ends the pools. */
  readonly mend: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** The n-th message that fits, counted from 1, and what becomes of it. */
export interface Loss {
  readonly n: number;
  readonly fits: (passing: Passing) => boolean;
  readonly fate: Fate;
}

const statementMs = 1_500;
const rows = 2_000;

export const fates = [
  'before-rst',
  'midway-rst',
  'behind-rst',
  'before-fin',
  'midway-fin',
  'behind-fin',
  'silent',
] as const satisfies readonly Fate[];

/** Messages of a load by COPY, and of one by statements. */
export const moments: readonly {
  readonly moment: string;
  readonly mode: 'insert' | 'upsert';
  readonly n: number;
  readonly fits: (passing: Passing) => boolean;
}[] = [
  { moment: 'the data of a COPY', mode: 'insert', n: 3, fits: ({ from, type }) => from === 'client' && type === 'd' },
  { moment: 'the end of a COPY', mode: 'insert', n: 3, fits: ({ from, type }) => from === 'client' && type === 'c' },
  {
    moment: "COPY's first response",
    mode: 'insert',
    n: 3,
    fits: ({ from, type }) => from === 'server' && type === 'G',
  },
  { moment: "COPY's last response", mode: 'insert', n: 3, fits: ({ tag }) => tag.startsWith('COPY') },
  {
    moment: 'a BEGIN',
    mode: 'insert',
    n: 3,
    fits: ({ from, statement }) => from === 'client' && statement === 'BEGIN',
  },
  {
    moment: 'a COMMIT',
    mode: 'insert',
    n: 3,
    fits: ({ from, statement }) => from === 'client' && statement === 'COMMIT',
  },
  { moment: "a COMMIT's response", mode: 'insert', n: 3, fits: ({ tag }) => tag === 'COMMIT' },
  {
    moment: "the ledger's row",
    mode: 'insert',
    n: 3,
    fits: ({ from, statement }) => from === 'client' && statement.startsWith('INSERT INTO public.etl_load_ledger'),
  },
  {
    moment: 'the values of a statement',
    mode: 'upsert',
    n: 4,
    fits: ({ from, type }) => from === 'client' && type === 'B',
  },
  { moment: 'any response', mode: 'upsert', n: 40, fits: ({ from }) => from === 'server' },
];

export const settingsOf = { insert: '', upsert: ', load_mode: upsert, key_columns: [id]' } as const;

export async function breakingTarget(): Promise<BreakingTarget> {
  const target = await localTarget();
  const proxy = await openDsqlProxy(path.join(target.folder, 'state'), target.hold.endpoint);
  const pools: Sql[] = [];
  const through = (maxConnections: number): Sql => {
    const { ca, hostname, region, user } = target.hold.endpoint;
    const sql = connect(
      { hostname, port: proxy.port, region, user, ca, database: 'postgres' },
      { maxConnections, credentials: target.hold.credentials, statementMs },
    );
    pools.push(sql);
    return sql;
  };
  return {
    target,
    proxy,
    through,
    loadUnder: async (table, settings, { fate, fits, n }) => {
      const folder = path.join(target.folder, table);
      mkdirSync(folder, { recursive: true });
      const file = path.join(folder, 'rows.csv');
      writeFileSync(file, `id,name\n${Array.from({ length: rows }, (_, i) => `${i},name ${i}\n`).join('')}`);
      const broken: LocalTarget = { ...target, sql: through(3), retry: { ...target.retry, random: () => 0.02 } };
      let seen = 0;
      proxy.decide = (passing) => {
        if (!fits(passing)) return 'pass';
        seen += 1;
        return seen === n ? fate : 'pass';
      };
      const given = { folder, file, table, connections: 2, settings: `batch_rows: 200${settings}` };
      expect(await runFile(broken, given)).toMatchObject({ status: 'success', rows_loaded: rows, error_message: null });
      // Else the fate met nobody.
      expect(seen).toBeGreaterThan(n);
      const [found] = await target.sql.unsafe(`SELECT count(*) AS n, count(DISTINCT id) AS ids FROM ${table}`);
      expect(found).toEqual({ n: String(rows), ids: String(rows) });
    },
    mend: async () => {
      proxy.decide = () => 'pass';
      proxy.accept();
      await Promise.all(pools.splice(0).map((sql) => sql.end({ timeout: 1 })));
    },
    remove: async () => {
      await proxy.close();
      await target.remove();
    },
  };
}
