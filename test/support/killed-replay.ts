import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { openRepaired } from '../../lib/cli/rejects/repaired-file.ts';
import { parseConfig } from '../../lib/config/read-config.ts';
import { requireRun } from '../../lib/report/find-run.ts';
import { ReplayRefusedError } from '../../lib/run/errors.ts';
import { replayRun } from '../../lib/run/replay.ts';
import type { RunResult } from '../../lib/run/result.ts';
import type { RunContext } from '../../lib/run/run-context.ts';
import { runPipeline } from '../../lib/run/run-pipeline.ts';
import { folderStore } from '../../lib/store/folder-store.ts';
import { openDsqlProxy, type Passing } from './dsql-proxy.ts';
import type { LocalTarget } from './local-target.ts';

/** By load mode; the rows are run again as they were, under a configuration that takes them now, or as a file has repaired them. */
export const replayKinds = ['insert', 'upsert', 'repaired-insert', 'repaired-upsert'] as const;

/** Which statement of a replay is the last of its process, whether it arrives, and what goes on with it. */
export interface KilledReplay {
  readonly kind: (typeof replayKinds)[number];
  /** The statement at which the process is killed arrives all the same. */
  readonly late: boolean;
  /** Number of the statement, from 1; one behind the replay's last leaves it alone. */
  readonly n: number;
  /**
   * What comes before the plain repeat: nothing; a run of the pipeline over another file; or nothing, and the repeat has a
   * file in which the rows are repaired in another way.
   */
  readonly next: 'again' | 'run' | 'altered';
}

const good = Array.from({ length: 20 }, (_, i) => ({ id: i, amount: i }));
/** Each is above what the configuration of the first run takes. Where there is no key, one of them comes twice. */
const bad = Array.from({ length: 12 }, (_, i) => ({ id: 100 + i, amount: 1_000 + i }));
const later = Array.from({ length: 5 }, (_, i) => ({ id: 500 + i, amount: i }));

type Row = (typeof good)[number];

const begins = new Set(['Q', 'B', 'c']);
const lineOf = ({ amount, id }: Row): string => `${id},${amount}`;

/**
 * Loads a file of which 12 rows are rejected, begins to run those again in a process that is killed at a statement, and
 * repeats the replay. The table must then hold each repaired row once beside the others, each rejected row must be done by
 * one run that succeeded, and one more replay must find nothing to do.
 *
 * @returns whether the process came so far, and how many statements it had
 */
export async function playKilledReplay(
  target: LocalTarget,
  plan: KilledReplay,
  table: string,
): Promise<{ readonly struck: boolean; readonly statements: number }> {
  const folder = path.join(target.folder, table);
  mkdirSync(path.join(folder, 'scratch'), { recursive: true });
  const keyed = plan.kind.endsWith('upsert');
  const rejected = keyed ? bad : [...bad, ...bad.slice(0, 1)];
  const source = path.join(folder, 'rows.csv');
  const write = (rows: readonly Row[]): void => writeFileSync(source, `id,amount\n${rows.map(lineOf).join('\n')}\n`);
  const configOf = (most: number): string => `pipelines:
  ${table}:
    source_type: file
    file_path: ${source}
    target_table: ${table}
    batch_rows: 5
    deduplicate: false
    load_mode: ${keyed ? 'upsert\n    key_columns: [id]' : 'insert'}
    business_rules: [{ type: expect, condition: "amount < ${most}", on_failure: reject }]
`;
  write([...good, ...rejected]);
  const first = await runPipeline(contextOf(target, folder, configOf(1_000)), { trigger: 'cli', again: false });
  expect(first).toMatchObject({ status: 'success', rows_loaded: good.length, rows_rejected: rejected.length });
  const ids = await idsOf(target, first.run_id);
  const repairs = plan.kind.startsWith('repaired');
  const config = configOf(repairs ? 1_000 : 1_000_000);
  const file = (take: number): string | undefined => (repairs ? repairedFile(folder, ids, take) : undefined);
  const begun = file(900);

  const struckAt = await killedAt(target, plan, { config, folder, file: begun, run: first.run_id });
  try {
    const added: Row[] = [];
    if (plan.next === 'run') {
      write(later);
      added.push(...later);
      const run = await runPipeline(contextOf(target, folder, config), { trigger: 'cli', again: false });
      expect(run, JSON.stringify(plan)).toMatchObject({ status: 'success', rows_loaded: later.length });
    }
    const open = await openOf(target, first.run_id);
    // Killed behind its last statement it was done, and then its repairs stand.
    const take = plan.next === 'altered' && open > 0 ? 800 : 900;
    const repeat = { config, folder, file: file(take), run: first.run_id };
    const [result] = await repeated(target, repeat);
    if (open > 0) {
      expect(result, JSON.stringify(plan)).toMatchObject({
        status: 'success',
        rows_loaded: rejected.length,
        rows_rejected: 0,
      });
    } else expect(result, JSON.stringify(plan)).toBeUndefined();
    const repaired = rejected.map(({ amount, id }) => ({ id, amount: repairs ? amount - take : amount }));
    const expected = [...good, ...repaired, ...added].map(lineOf).sort();
    await expectDone(target, table, first.run_id, { expected, rejected: rejected.length, plan });
    expect(await repeated(target, repeat), JSON.stringify(plan)).toEqual([]);
    await expectDone(target, table, first.run_id, { expected, rejected: rejected.length, plan });
    return struckAt;
  } finally {
    await target.sql.unsafe(`DROP TABLE IF EXISTS ${table}`);
  }
}

interface Replaying {
  readonly config: string;
  readonly folder: string;
  readonly file: string | undefined;
  readonly run: string;
}

/** The replay in a process of its own, which is killed at the statement. */
async function killedAt(
  target: LocalTarget,
  plan: KilledReplay,
  replaying: Replaying,
): Promise<{ readonly struck: boolean; readonly statements: number }> {
  const proxy = await openDsqlProxy(path.join(target.folder, 'state'), target.hold.endpoint);
  const { ca, hostname, region, user } = target.hold.endpoint;
  const job = {
    ...replaying,
    connections: 1,
    endpoint: { hostname, port: proxy.port, region, user, ca, database: 'postgres' },
    credentials: target.hold.credentials,
  };
  let statements = 0;
  let release: (() => void) | undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const child = spawn(process.execPath, [path.resolve('test/support/replay-child.mjs'), JSON.stringify(job)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (status) => resolve(status));
  });
  proxy.decide = async ({ from, type }: Passing) => {
    if (from === 'server' || !begins.has(type)) return 'pass';
    statements += 1;
    if (statements !== plan.n) return 'pass';
    child.kill('SIGKILL');
    await held;
    return plan.late ? 'pass' : 'before-rst';
  };
  try {
    const status = await ended;
    const struck = statements >= plan.n;
    if (!struck) expect(status, JSON.stringify(plan)).toBe(0);
    return { struck, statements };
  } finally {
    release?.();
    // A statement that arrives late has been answered before the repeat begins.
    if (plan.late) await new Promise((resolve) => setTimeout(resolve, 100));
    await proxy.close();
  }
}

/** The plain repeat, here. @returns its result, or nothing where no row was open */
async function repeated(target: LocalTarget, { config, file, folder, run }: Replaying): Promise<readonly RunResult[]> {
  const context = contextOf(target, folder, config);
  try {
    const { result } = await replayRun(context, {
      run: await requireRun(target.sql, run),
      repaired: file === undefined ? undefined : await openRepaired(file, context.scratchDir),
      trigger: 'cli',
    });
    if (result?.error_code === 'replay_refused') return [];
    return result === undefined ? [] : [result];
  } catch (error) {
    if (error instanceof ReplayRefusedError) return [];
    throw error;
  }
}

function contextOf(target: LocalTarget, folder: string, text: string): RunContext {
  const config = parseConfig(text, 'test');
  const [pipeline] = Object.entries(config.pipelines);
  if (pipeline === undefined) throw new Error('no pipeline');
  return {
    pipeline: { name: pipeline[0], settings: pipeline[1], dataSource: config.data_source },
    baseDir: folder,
    target,
    store: folderStore(path.join(folder, 'state')),
    scratchDir: path.join(folder, 'scratch'),
    connections: 2,
    resolveSecret: async () => '',
  };
}

/** The rejected rows of a run, by their ids. */
async function idsOf(target: LocalTarget, runId: string): Promise<ReadonlyMap<string, Row>> {
  const rows = await target.sql<{ readonly key: string; readonly id: string; readonly amount: string }[]>`
    SELECT rejected_id AS key, row->>'id' AS id, row->>'amount' AS amount
      FROM public.etl_rejected_row WHERE run_id = ${runId}`;
  return new Map(rows.map(({ amount, id, key }) => [key, { id: Number(id), amount: Number(amount) }]));
}

function repairedFile(folder: string, ids: ReadonlyMap<string, Row>, take: number): string {
  const file = path.join(folder, `repaired-${take}.csv`);
  const lines = [...ids].map(([key, { amount, id }]) => `${key},${id},${amount - take}`);
  writeFileSync(file, `etl_rejected_id,id,amount\n${lines.join('\n')}\n`);
  return file;
}

async function openOf(target: LocalTarget, runId: string): Promise<number> {
  const [counted] = await target.sql<{ readonly n: string }[]>`
    SELECT count(*) AS n FROM public.etl_rejected_row r WHERE r.run_id = ${runId} AND NOT EXISTS (
      SELECT 1 FROM public.etl_execution_log l WHERE l.run_id = r.replayed_run_id AND l.status = 'success')`;
  return Number(counted?.n);
}

/** The rows of the table, and that one successful replay stands for each rejected row and for no row besides. */
async function expectDone(
  target: LocalTarget,
  table: string,
  runId: string,
  given: { readonly expected: readonly string[]; readonly rejected: number; readonly plan: KilledReplay },
): Promise<void> {
  const of = JSON.stringify(given.plan);
  const rows = await target.sql.unsafe<{ readonly line: string }[]>(
    `SELECT concat(id, ',', amount) AS line FROM ${table}`,
  );
  expect(rows.map(({ line }) => line).sort(), of).toEqual(given.expected);
  const marked = await target.sql<
    { readonly kind: string; readonly status: string; readonly rows: string; readonly loaded: string }[]
  >`
    SELECT l.kind, l.status, count(*) AS rows, l.rows_loaded AS loaded
      FROM public.etl_rejected_row r JOIN public.etl_execution_log l ON l.run_id = r.replayed_run_id
     WHERE r.run_id = ${runId} AND l.closed_by IS NULL GROUP BY l.run_id, l.kind, l.status, l.rows_loaded`;
  const count = String(given.rejected);
  expect(
    marked.map((one) => ({ ...one })),
    of,
  ).toEqual([{ kind: 'replay', status: 'success', rows: count, loaded: count }]);
  const running = await target.sql`
    SELECT run_id FROM public.etl_execution_log WHERE pipeline_name = ${table} AND status = 'running'`;
  expect(running, `runs that are open after ${of}`).toEqual([]);
}
