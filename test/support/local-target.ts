import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../lib/clock.ts';
import { connect, type Sql } from '../../lib/dsql/connect.ts';
import type { Target } from '../../lib/dsql/target.ts';
import { holdLocalDsql, type LocalDsqlHold, type LocalDsqlOptions } from '../../lib/local/client.ts';
import { prepareData } from './prepared-data.ts';

/** A local DSQL in a folder of its own, with a pool of connections. */
export interface LocalTarget extends Target {
  readonly hold: LocalDsqlHold;
  /** A folder for files of the test; removed with the target. */
  readonly folder: string;
  /** Another pool to the same server. */
  readonly connect: (maxConnections: number) => Sql;
  readonly remove: () => Promise<void>;
}

export async function localTarget(
  options: Omit<LocalDsqlOptions, 'stateDir'> = {},
  maxConnections = 6,
): Promise<LocalTarget> {
  const folder = mkdtempSync(path.join(tmpdir(), 'etl-target-'));
  const stateDir = path.join(folder, 'state');
  await prepareData(stateDir);
  const hold = await holdLocalDsql({ durability: 'process', ...options, stateDir });
  const { ca, hostname, port, region, user } = hold.endpoint;
  const pools: Sql[] = [];
  const open = (connections: number): Sql => {
    const sql = connect(
      { hostname, port, region, user, ca, database: 'postgres' },
      { maxConnections: connections, credentials: hold.credentials },
    );
    pools.push(sql);
    return sql;
  };
  return {
    sql: open(maxConnections),
    hold,
    folder,
    where: { endpoint: 'local DSQL', user },
    retry: { clock: systemClock, random: Math.random },
    pid: process.pid,
    connect: open,
    remove: async () => {
      await Promise.all(pools.map((sql) => sql.end({ timeout: 1 })));
      await hold.release();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
