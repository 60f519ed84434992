import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { z } from 'zod';
import { parseConfig } from '../../lib/config/read-config.ts';
import type { RunResult } from '../../lib/run/result.ts';
import { runPipeline } from '../../lib/run/run-pipeline.ts';
import { folderStore } from '../../lib/store/folder-store.ts';
import { openDsqlProxy, type Passing } from './dsql-proxy.ts';
import { serve } from './http-server.ts';
import type { LocalTarget } from './local-target.ts';

/** What happens to the first run when its n-th statement is about to reach the database. */
export type Stroke =
  /** Its process is killed, and the statement never arrives. */
  | 'kill'
  /** Its process is killed, and the statement arrives all the same. */
  | 'kill-late'
  /** Its process stops past the end of its lease, another run takes over, and it wakes. */
  | 'stop'
  /** Another run is started meanwhile. */
  | 'double';

export const strokes: readonly Stroke[] = ['kill', 'kill-late', 'stop', 'double'];

export type Kind = 'insert' | 'upsert' | 'replace' | 'incremental';

export const kinds: readonly Kind[] = ['insert', 'upsert', 'replace', 'incremental'];

export interface KillPlan {
  readonly kind: Kind;
  readonly stroke: Stroke;
  /** Number of the statement, from 1; one behind the run's last leaves the run alone. */
  readonly n: number;
}

/** Rows by id: what the table held, what the first run reads, and what the later ones read. */
interface Contents {
  readonly before: ReadonlyMap<number, string>;
  readonly first: ReadonlyMap<number, string>;
  readonly later: ReadonlyMap<number, string>;
}

const first = 300;
const chunkRows = 150;

const rowsOf = (from: number, to: number, word: string): ReadonlyMap<number, string> =>
  new Map(Array.from({ length: to - from }, (_, i) => [from + i, `${word} ${from + i}`]));

/**
 * A table that held rows loses or keeps those that the later source does not have, by the load mode; without a key a file
 * is the same for all runs, for nothing else is right for certain.
 */
const contents: Readonly<Record<Kind, Contents>> = {
  insert: { before: new Map(), first: rowsOf(0, first, 'a'), later: rowsOf(0, first, 'a') },
  upsert: { before: rowsOf(0, 100, 'old'), first: rowsOf(0, first, 'a'), later: rowsOf(0, first, 'b') },
  replace: { before: rowsOf(0, 400, 'old'), first: rowsOf(50, first, 'a'), later: rowsOf(100, first + 20, 'b') },
  incremental: { before: new Map(), first: rowsOf(0, first, 'a'), later: rowsOf(0, first + 60, 'a') },
};

/** Statements of the client that change nothing of the count of boundaries are not counted: a statement begins with one of these. */
const begins = new Set(['Q', 'B', 'c']);

const resultSchema = z.looseObject({ status: z.string(), error_message: z.string().nullable() });

/** How a plan went, for whoever wants to know how many statements a run has. */
export interface KillOutcome {
  /** Statements of the first run that reached the proxy. */
  readonly statements: number;
  readonly struck: boolean;
}

/**
 * Plays one plan: a first run in a process of its own, whose statements pass through a proxy that holds the n-th; the stroke;
 * then further runs until one succeeds or has nothing to do. The table must then hold exactly the later rows, and the
 * first run, when it wakes, must have changed nothing of what the second one left.
 */
export async function playKillPlan(target: LocalTarget, plan: KillPlan, table: string): Promise<KillOutcome> {
  const { before, first: read, later } = contents[plan.kind];
  const folder = path.join(target.folder, table);
  mkdirSync(folder, { recursive: true });
  const source = await sourceOf(plan.kind, folder);
  const config = `${source.settings}
pipelines:
  ${table}: { ${source.pipeline}, target_table: ${table}, batch_rows: 100${modeOf(plan.kind)} }
`;
  const run = async (): Promise<RunResult> => await runHere(target, folder, config);
  if (before.size > 0) {
    source.write(before);
    expect(await run()).toMatchObject({ status: 'success' });
  }
  source.write(read);

  const proxy = await openDsqlProxy(path.join(target.folder, 'state'), target.hold.endpoint);
  let statements = 0;
  let release: (() => void) | undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let reached: (() => void) | undefined;
  const struck = new Promise<'struck'>((resolve) => {
    reached = () => resolve('struck');
  });
  let drop = false;
  proxy.decide = async ({ from, type }: Passing) => {
    if (from === 'server' || !begins.has(type)) return 'pass';
    statements += 1;
    if (statements !== plan.n) return 'pass';
    reached?.();
    await held;
    return drop ? 'before-rst' : 'pass';
  };
  const child = startChild(target, { folder, config, port: proxy.port });
  try {
    const event = await Promise.race([struck, child.ended]);
    if (event === 'struck') {
      if (plan.stroke === 'kill' || plan.stroke === 'kill-late') {
        drop = plan.stroke === 'kill';
        child.process.kill('SIGKILL');
        await child.ended;
        release?.();
      } else if (plan.stroke === 'stop') {
        child.process.kill('SIGSTOP');
        await endLease(target, table);
        source.write(later);
        await run();
        const left = await tableRows(target, table);
        release?.();
        child.process.kill('SIGCONT');
        await child.ended;
        expect(await tableRows(target, table), `what the run that woke left of ${JSON.stringify(plan)}`).toEqual(left);
      } else {
        const second = run();
        const result = await second;
        release?.();
        await child.ended;
        expect(['skipped', 'success']).toContain(result.status);
      }
    } else {
      expect(resultSchema.parse(JSON.parse(event)), JSON.stringify(plan)).toMatchObject({ status: 'success' });
    }
    source.write(later);
    let last: RunResult | undefined;
    const messages: string[] = [];
    // An interrupted run is finished first, and what came after it is loaded by the next.
    for (let again = 0; again < 4; again += 1) {
      last = await run();
      messages.push(`${last.status} ${last.error_message ?? ''}`);
      if (last.error_code === 'already_loaded') break;
      if (plan.kind === 'incremental' && last.status === 'success' && last.rows_read === 0) break;
    }
    const all = `${JSON.stringify(plan)}: ${messages.join('; ')}`;
    expect(['success', 'skipped'], all).toContain(last?.status);
    expect(await tableRows(target, table), all).toEqual([...later].map(([id, name]) => `${id} ${name}`));
    await expectTrueLog(target, table, all);
    return { statements, struck: event === 'struck' };
  } finally {
    release?.();
    if (child.process.exitCode === null) child.process.kill('SIGKILL');
    await proxy.close();
    await source.close();
    await target.sql.unsafe(`DROP TABLE IF EXISTS ${table}`);
  }
}

function modeOf(kind: Kind): string {
  return kind === 'upsert' || kind === 'replace' ? `, load_mode: ${kind}, key_columns: [id]` : '';
}

/** A file, or an API that gives the rows whose `at` is not before a value. */
async function sourceOf(
  kind: Kind,
  folder: string,
): Promise<{
  readonly settings: string;
  readonly pipeline: string;
  readonly write: (rows: ReadonlyMap<number, string>) => void;
  readonly close: () => Promise<void>;
}> {
  if (kind !== 'incremental') {
    const file = path.join(folder, 'rows.csv');
    return {
      settings: '',
      pipeline: `source_type: file, file_path: ${file}`,
      write: (rows) => writeFileSync(file, `id,name\n${[...rows].map((row) => row.join(',')).join('\n')}\n`),
      close: async () => undefined,
    };
  }
  let present: readonly { readonly id: number; readonly name: string; readonly at: string }[] = [];
  const server = await serve((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://localhost');
    const since = searchParams.get('since') ?? '';
    const offset = Number(searchParams.get('offset'));
    const kept = present.filter(({ at }) => at >= since);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ results: kept.slice(offset, offset + 100) }));
  });
  return {
    settings: `data_source: { base_url: '${server.url}', allow_private_addresses: true }`,
    pipeline:
      'source_type: api, endpoint: rows, pagination: { type: offset, limit: 100 }, incremental: { cursor_column: at, start_param: since }',
    write: (rows) => {
      present = [...rows].map(([id, name]) => ({
        id,
        name,
        at: new Date(Date.UTC(2026, 0, 1) + id * 1000).toISOString(),
      }));
    },
    close: server.close,
  };
}

async function runHere(target: LocalTarget, folder: string, text: string): Promise<RunResult> {
  const config = parseConfig(text, 'test');
  const [pipeline] = Object.entries(config.pipelines);
  if (pipeline === undefined) throw new Error('no pipeline');
  return await runPipeline(
    {
      pipeline: { name: pipeline[0], settings: pipeline[1], dataSource: config.data_source },
      baseDir: folder,
      target,
      store: folderStore(path.join(folder, 'state')),
      scratchDir: path.join(folder, 'scratch'),
      connections: 2,
      chunkRows,
      resolveSecret: async () => '',
    },
    { trigger: 'cli', again: false, force: true },
  );
}

function startChild(
  target: LocalTarget,
  given: { readonly folder: string; readonly config: string; readonly port: number },
): { readonly process: ChildProcess; readonly ended: Promise<string> } {
  const { ca, hostname, region, user } = target.hold.endpoint;
  const job = {
    folder: given.folder,
    config: given.config,
    endpoint: { hostname, port: given.port, region, user, ca, database: 'postgres' },
    credentials: target.hold.credentials,
    connections: 2,
    chunkRows,
  };
  const child = spawn(process.execPath, [path.resolve('test/support/run-child.mjs'), JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  return { process: child, ended: new Promise((resolve) => child.once('close', () => resolve(text))) };
}

/** As if the time of the pipeline's lease were over, which takes a minute otherwise. */
async function endLease(target: LocalTarget, pipeline: string): Promise<void> {
  const past = JSON.stringify({ expires_at: '2000-01-01T00:00:00.000Z' });
  await target.sql`
    UPDATE public.etl_state SET lease = lease || ${past}::text::jsonb
     WHERE pipeline_name = ${pipeline} AND lease IS NOT NULL`.catch((error: unknown) => {
    // Held before the service's tables are there.
    if (!(error instanceof Error && 'code' in error && error.code === '42P01')) throw error;
  });
}

async function tableRows(target: LocalTarget, table: string): Promise<readonly string[]> {
  const [found] = await target.sql<{ readonly there: boolean }[]>`
    SELECT EXISTS (SELECT 1 FROM pg_class WHERE relname = ${table}) AS there`;
  if (found?.there !== true) return [];
  const rows = await target.sql.unsafe<{ readonly row: string }[]>(
    `SELECT concat(id, ' ', name) AS row FROM ${table} ORDER BY id, name`,
  );
  return rows.map(({ row }) => row);
}

/** No run of the pipeline is left open, and none that succeeded was abandoned before. */
async function expectTrueLog(target: LocalTarget, pipeline: string, plan: string): Promise<void> {
  const open = await target.sql`
    SELECT run_id, status FROM public.etl_execution_log WHERE pipeline_name = ${pipeline} AND status = 'running'`;
  expect(open, `runs that are open after ${plan}`).toEqual([]);
}
