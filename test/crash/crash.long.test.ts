import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Sql } from '../../lib/dsql/connect.ts';
import {
  holdLocalDsql,
  type LocalDsqlHold,
  localDsqlStatus,
  setLocalFaults,
  startLocalDsql,
} from '../../lib/local/client.ts';
import { fractions } from '../support/fractions.ts';
import { type Workspace, workspace } from '../support/workspace.ts';

/** One seed is one run with its own data, faults and moments; `SEED=17` runs that one alone. */
const firstSeed = Number(process.env.SEED ?? 1);
const seeds = Array.from(
  { length: process.env.SEED === undefined ? Number(process.env.RUNS ?? 200) : 1 },
  (_, i) => firstSeed + i,
);

const modes = ['insert', 'upsert', 'replace'] as const;
type Mode = (typeof modes)[number];
type Row = readonly [id: number, name: string];

interface Plan {
  readonly mode: Mode;
  readonly before: readonly Row[];
  readonly rows: readonly Row[];
  readonly expected: readonly Row[];
  readonly attempts: number;
}

/** What the table holds before, what the source brings, and what must be there in the end. */
function planOf(random: () => number): Plan {
  const mode = modes[Math.floor(random() * modes.length)] ?? 'insert';
  const count = 1_000 + Math.floor(random() * 5_000);
  const overlap = Math.floor(count / 3);
  const before: readonly Row[] =
    mode === 'insert' ? [] : Array.from({ length: count }, (_, i): Row => [i, i % 2 === 0 ? `same ${i}` : `old ${i}`]);
  const from = mode === 'insert' ? 0 : overlap;
  const rows = Array.from({ length: count }, (_, i): Row => {
    const id = from + i;
    return [id, id % 2 === 0 ? `same ${id}` : `new ${id}`];
  });
  const merged = new Map([...(mode === 'replace' ? [] : before), ...rows]);
  return {
    mode,
    before,
    rows,
    expected: [...merged].sort((a, b) => a[0] - b[0]),
    attempts: 1 + Math.floor(random() * 3),
  };
}

const csvOf = (rows: readonly Row[]): string => `id,name\n${rows.map((row) => row.join(',')).join('\n')}\n`;

let space: Workspace;
let stateDir: string;
let hold: LocalDsqlHold;
let port: number;
let sql: Sql;

beforeAll(async () => {
  space = await workspace();
  stateDir = path.join(space.folder, '.etl');
  ({ port } = await startLocalDsql({ stateDir, durability: 'process' }));
  await reach();
});

afterAll(async () => {
  await sql.end({ timeout: 1 });
  await hold.release();
  await space.remove();
});

/** Attaches anew after the server was killed. */
async function reach(): Promise<void> {
  await sql?.end({ timeout: 1 });
  await hold?.release().catch(() => undefined);
  // A loader that began just after a kill may have started the server anew, on a port of its own.
  const status = await startLocalDsql({ stateDir, port, durability: 'process' }).catch(() =>
    startLocalDsql({ stateDir, durability: 'process' }),
  );
  port = status.port;
  hold = await holdLocalDsql({ stateDir });
  const { ca, hostname, region, user } = hold.endpoint;
  sql = connect(
    { hostname, port, region, user, ca, database: 'postgres' },
    { maxConnections: 2, credentials: hold.credentials },
  );
}

/** A number of milliseconds at which something happens, or undefined where nothing does. */
async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** One attempt under faults, with a kill of the loader or of the local DSQL, or twins past the lease. */
async function attempt(pipeline: string, random: () => number): Promise<void> {
  await setLocalFaults(stateDir, {
    seed: Math.floor(random() * 1_000_000),
    conflictShare: random() * 0.3,
    dropBeforeCommitShare: random() * 0.05,
    dropAfterCommitShare: random() * 0.05,
    unavailableShare: random() * 0.03,
    commitLatencyMs: 3 + Math.floor(random() * 15),
    expireTokens: random() < 0.05,
  });
  const kind = random();
  const moment = 200 + random() * 1_300;
  const args = ['run', pipeline, '--json', '--quiet', '--target', 'local', '--force'];
  if (kind < 0.55) {
    await space.etlKilledAfter(moment, ...args);
  } else if (kind < 0.75) {
    const running = space.etlKilledAfter(15_000, ...args);
    await sleep(moment);
    const status = await localDsqlStatus(stateDir);
    if (status !== undefined) process.kill(random() < 0.5 ? status.pid : status.postgresPid, 'SIGKILL');
    await sleep(100);
    await reach();
    await setLocalFaults(stateDir, {});
    await running;
  } else if (kind < 0.9) {
    await space.etlKilledAfter(moment, ...args);
    const open = await sql<{ readonly run_id: string }[]>`
      SELECT run_id FROM etl_execution_log WHERE pipeline_name = ${pipeline} AND status = 'running'`.catch(() => []);
    if (open[0] !== undefined) await twins(pipeline, open[0].run_id);
  } else {
    await space.etlKilledAfter(15_000, ...args);
  }
  await reach();
  await setLocalFaults(stateDir, {});
}

/** How many times two loaders have loaded the same chunks at once. */
let doubled = 0;

async function twins(pipeline: string, runId: string): Promise<void> {
  const script = path.resolve('test/support/twin-loader.mjs');
  const child = spawn(process.execPath, [script, path.join(space.folder, 'etl.yaml'), pipeline, runId], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [said, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
  // Under faults a load may fail; a script that does not run is a fault of the test.
  expect(complaints).not.toMatch(/ERR_MODULE_NOT_FOUND|SyntaxError|TypeError|ReferenceError/);
  if (said.includes('loaded twice')) doubled += 1;
}

describe('a pipeline under faults, run again until it succeeds', () => {
  it.each(seeds)(
    'leaves exactly the rows expected (SEED=%i)',
    async (seed) => {
      const random = fractions(seed);
      const plan = planOf(random);
      const table = `crash_${seed}`;
      const shared = `source_type: file, target_table: ${table}, batch_rows: 100${plan.mode === 'insert' ? '' : ', key_columns: [id]'}`;
      space.write('before.csv', csvOf(plan.before));
      space.write('rows.csv', csvOf(plan.rows));
      space.write(
        'etl.yaml',
        `aurora_dsql: { max_connections: 4 }\npipelines:\n  before_${seed}: { ${shared}, file_path: before.csv }\n  run_${seed}: { ${shared}, file_path: rows.csv, load_mode: ${plan.mode} }\n`,
      );
      if (plan.before.length > 0) expect(await space.run(`before_${seed}`)).toMatchObject([{ status: 'success' }]);

      for (let round = 0; round < plan.attempts; round += 1) await attempt(`run_${seed}`, random);
      const [last] = await space.run(`run_${seed}`, '--force');
      const logged = await sql<{ readonly run_id: string; readonly status: string; readonly rows_loaded: string }[]>`
        SELECT run_id, status, rows_loaded FROM etl_execution_log
         WHERE pipeline_name = ${`run_${seed}`} AND status <> 'skipped'`;
      const successes = logged.filter((row) => row.status === 'success');
      expect({
        last: last?.status,
        error: last?.status === 'failed' ? last.error_message : null,
        successes: successes.length,
        running: logged.filter((row) => row.status === 'running').length,
      }).toEqual({
        last: expect.stringMatching(/^(success|skipped)$/),
        error: null,
        successes: 1,
        running: 0,
      });

      const rows = await sql.unsafe<{ readonly id: string; readonly name: string }[]>(
        `SELECT id, name FROM ${table} ORDER BY id, uuid_id`,
      );
      expect(rows.map((row): Row => [Number(row.id), row.name])).toEqual(plan.expected);
      const [ledger] = await sql<{ readonly n: string }[]>`
        SELECT sum(rows_loaded) AS n FROM etl_load_ledger WHERE run_id = ${successes[0]?.run_id ?? ''}`;
      expect(ledger?.n).toBe(String(plan.rows.length));
      expect(successes[0]?.rows_loaded).toBe(String(plan.rows.length));
      await sql.unsafe(`DROP TABLE ${table}`);
    },
    120_000,
  );

  // A few dozen plans have some; one alone may have none.
  it.runIf(seeds.length >= 40)('has loaded the same chunks twice at once', () => {
    expect(doubled).toBeGreaterThan(0);
  });
});
