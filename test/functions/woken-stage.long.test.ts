import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { FunctionName } from '../../lib/infra/function-names.ts';
import type { Fate, Passing } from '../support/dsql-proxy.ts';
import { fractions } from '../support/fractions.ts';
import { serve, type TestServer } from '../support/http-server.ts';
import { type BundledFunctions, bundledFunctions } from '../support/lambda/bundled-functions.ts';

const modes = ['insert', 'upsert', 'replace', 'incremental', 'append'] as const;
type Mode = (typeof modes)[number];

/** Those that read an API from a watermark on; `append` has no key, so that a row that comes twice is there twice. */
const ofApi: ReadonlySet<Mode> = new Set(['incremental', 'append']);

/** What the state machine calls, in its order. */
const steps = ['start', 'extract', 'transform', 'admit', 'define', 'prepare', 'load', 'conclude', 'success'] as const;
type Step = (typeof steps)[number];

/** When the call that was thought dead wakes up. */
const wakings = [
  /** When its run has ended. */
  'late',
  /** When its retry has ended, beside the rest of the run. */
  'amid',
  /** When another execution has taken the pipeline over and ended. */
  'overtaken',
] as const;

interface Plan {
  readonly mode: Mode;
  readonly step: Step;
  readonly waking: (typeof wakings)[number];
  /** Where the call stops: before it sends so many statements to the database, or puts so many objects, from 1. */
  readonly at: 'statement' | 'object';
  readonly n: number;
}

const runs = Number(process.env.RUNS ?? 60);
const places = [
  ...Array.from({ length: 14 }, (_, i) => ({ at: 'statement' as const, n: i + 1 })),
  ...Array.from({ length: 3 }, (_, i) => ({ at: 'object' as const, n: i + 1 })),
];
const random = fractions(Number(process.env.SEED ?? 1));
/** Every one that there is; `RUNS` of them, drawn by `SEED`. */
const plans = modes
  .flatMap((mode) =>
    steps
      .filter((step) => step !== 'conclude' || mode === 'replace')
      .flatMap((step) => wakings.flatMap((waking) => places.map((place): Plan => ({ mode, step, waking, ...place })))),
  )
  .map((plan) => ({ plan, order: random() }))
  .sort((a, b) => a.order - b.order)
  .slice(0, runs)
  .map(({ plan }, index) => ({ ...plan, name: `p${index}` }));

let service: BundledFunctions;
let api: TestServer;
/** What the API has, by pipeline. */
const items = new Map<string, readonly string[]>();

beforeAll(async () => {
  api = await serve((request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost');
    const rows = (items.get(url.pathname.slice(1)) ?? []).map((row) => {
      const [id, name] = row.split(',');
      return { id: Number(id), name };
    });
    const since = Number(url.searchParams.get('since') ?? 0);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(rows.filter(({ id }) => id >= since)));
  });
  const pipelines = plans.map(({ mode, name }) => {
    const source = ofApi.has(mode)
      ? `source_type: api, endpoint: ${name}, incremental: { cursor_column: id, start_param: since }`
      : `source_type: file, file_path: 's3://incoming/${name}.csv', load_mode: ${mode}`;
    const keys = mode === 'insert' ? '' : mode === 'append' ? ', load_mode: insert' : ', key_columns: [id]';
    return `  ${name}: { ${source}, target_table: ${name}, batch_rows: 400${keys} }`;
  });
  service = await bundledFunctions(
    `data_source: { base_url: '${api.url}', allow_private_addresses: true }\npipelines:\n${pipelines.join('\n')}\ndeploy: { chunk_rows: 1000 }\n`,
    { proxied: 'all' },
  );
  await service.aws.createBucket('incoming');
  await service.create();
});

afterAll(async () => {
  await service?.close();
  await api?.close();
});

const startedSchema = z.looseObject({ next: z.string(), run: z.looseObject({ run_id: z.string() }).nullable() });
const completeSchema = z.looseObject({ complete: z.boolean() });
const preparedSchema = z.looseObject({ groups: z.array(z.object({ from: z.number(), to: z.number() })) });
const concludedSchema = z.looseObject({ rows_deleted: z.number(), verified: z.string().nullable() });

/** One execution as the state machine makes it. */
function execution(pipeline: string, name: string) {
  let run: unknown;
  let groups: readonly object[] = [];
  let concluded: object = { rows_deleted: 0, verified: null };
  const given = {
    execution: { id: `arn:aws:states:us-east-1:1:execution:etl:${name}`, name, start_time: new Date().toISOString() },
    input: { pipeline },
  };
  const stage = async (fn: FunctionName, event: object = {}): Promise<unknown> =>
    await service.invoke(fn, { ...given, ...event, run });
  const untilComplete = async (call: () => Promise<unknown>): Promise<void> => {
    while (!completeSchema.parse(await call()).complete);
  };
  const calls: Readonly<Record<Step, () => Promise<unknown>>> = {
    start: async () => {
      const started = startedSchema.parse(await service.invoke('record', { ...given, action: 'start' }));
      run = started.run;
      return started.next;
    },
    extract: async () => await untilComplete(async () => await stage('extract')),
    transform: async () => await untilComplete(async () => await stage('transform')),
    admit: async () => await stage('load', { action: 'admit' }),
    define: async () => await stage('bootstrap', { action: 'define' }),
    prepare: async () => {
      ({ groups } = preparedSchema.parse(await stage('load', { action: 'prepare' })));
    },
    load: async () => {
      for (const group of groups) {
        await untilComplete(async () => await stage('load', { action: 'load', ...group, conflict_retries: 0 }));
      }
    },
    conclude: async () => {
      const { rows_deleted, verified } = concludedSchema.parse(await stage('load', { action: 'conclude' }));
      concluded = { rows_deleted, verified };
    },
    success: async () => await stage('record', { action: 'success', conflict_retries: 0, warnings: [], ...concluded }),
  };
  /** As often as the state machine would: a call may meet a conflict with one that was thought dead. */
  const retried = async (step: Step): Promise<unknown> => {
    for (let left = 4; ; left -= 1) {
      try {
        return await calls[step]();
      } catch (error) {
        if (left === 0) throw error;
      }
    }
  };
  return { calls, retried };
}

function stepsOf(mode: Mode): readonly Step[] {
  return steps.filter((step) => step !== 'conclude' || mode === 'replace');
}

async function execute(mode: Mode, pipeline: string, name: string): Promise<void> {
  const { retried } = execution(pipeline, name);
  for (const step of stepsOf(mode)) {
    if ((await retried(step)) === 'nothing') return;
  }
}

/** Holds one statement or object of the next call. */
function holdAt({ at, n }: Plan): { readonly reached: Promise<void>; readonly release: () => void } {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let reach = (): void => undefined;
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  let passed = 0;
  const hold = async (): Promise<void> => {
    passed += 1;
    if (passed !== n) return;
    reach();
    await held;
  };
  service.proxy.decide = async ({ from, type }: Passing): Promise<Fate> => {
    if (at === 'statement' && from === 'client' && ['Q', 'B', 'c'].includes(type)) await hold();
    return 'pass';
  };
  service.gate.pass = async ({ method }) => {
    if (at === 'object' && method === 'PUT') await hold();
  };
  return { reached, release };
}

const rowsOf = (from: number, to: number, word: string): readonly string[] =>
  Array.from({ length: to - from }, (_, i) => `${from + i},${word} ${from + i}`);

/** What the table holds before, what the execution reads, and what another one reads that takes over. */
const contents: Readonly<Record<Mode, Readonly<Record<'before' | 'first' | 'later', readonly string[]>>>> = {
  insert: { before: [], first: rowsOf(0, 2_200, 'a'), later: rowsOf(0, 2_200, 'a') },
  upsert: { before: rowsOf(0, 800, 'old'), first: rowsOf(0, 2_200, 'a'), later: rowsOf(0, 2_200, 'b') },
  replace: { before: rowsOf(0, 2_500, 'old'), first: rowsOf(300, 2_200, 'a'), later: rowsOf(500, 2_300, 'b') },
  incremental: { before: [], first: rowsOf(1, 2_200, 'a'), later: rowsOf(1, 2_400, 'a') },
  append: { before: [], first: rowsOf(1, 2_200, 'a'), later: rowsOf(1, 2_400, 'a') },
};

async function write(mode: Mode, name: string, rows: readonly string[]): Promise<void> {
  if (ofApi.has(mode)) items.set(name, rows);
  else await service.aws.putObject('incoming', `${name}.csv`, `id,name\n${rows.join('\n')}\n`);
}

/** The table's rows, and what the log and the state say of the pipeline. */
async function stateOf(name: string): Promise<{ readonly rows: readonly string[]; readonly said: unknown }> {
  const { sql } = service.target;
  const rows = await sql.unsafe<{ readonly row: string }[]>(
    `SELECT concat(id, ',', name) AS row FROM ${name} ORDER BY id, name`,
  );
  const log = await sql`
    SELECT run_id, status, rows_read, rows_loaded, end_time FROM public.etl_execution_log
     WHERE pipeline_name = ${name} ORDER BY run_id`;
  const marks = await sql`SELECT * FROM public.etl_watermark WHERE pipeline_name = ${name}`;
  const ledger = await sql`
    SELECT b.run_id, sum(b.rows_loaded) AS n FROM public.etl_load_ledger b JOIN public.etl_execution_log l ON l.run_id = b.run_id
     WHERE l.pipeline_name = ${name} GROUP BY 1 ORDER BY 1`;
  return { rows: rows.map(({ row }) => row), said: { log, marks, ledger } };
}

/** As if the time of the pipeline's lease were over, and of the one under which its table is changed. */
async function endLease(name: string): Promise<void> {
  await service.target.sql`
    UPDATE public.etl_state SET lease = jsonb_set(lease, '{expires_at}', '"2000-01-01T00:00:00.000Z"')
     WHERE (pipeline_name = ${name} OR pipeline_name LIKE ${`ddl %${name}`}) AND lease IS NOT NULL`;
}

describe('a function that was thought dead, stopped before a statement or an object', () => {
  it.each(plans)('changes nothing when it wakes up ($mode, $step, $at $n, $waking)', async (plan) => {
    const { mode, name, step, waking } = plan;
    const { before, first: content, later } = contents[mode];
    if (before.length > 0) {
      await write(mode, name, before);
      await execute(mode, name, `${name}-before`);
    }
    await write(mode, name, content);
    const { calls, retried } = execution(name, `${name}-first`);
    const order = stepsOf(mode);
    for (const earlier of order.slice(0, order.indexOf(step))) await retried(earlier);
    const { reached, release } = holdAt(plan);
    const dead = calls[step]().then(
      () => 'ended',
      (error: unknown) => String(error),
    );
    const wasHeld = (await Promise.race([reached.then(() => 'held'), dead])) === 'held';
    if (!wasHeld) release();
    const rest = order.slice(order.indexOf(step) + 1);
    let expected = content;
    if (waking === 'overtaken' && wasHeld) {
      await endLease(name);
      expected = later;
      await write(mode, name, later);
      await execute(mode, name, `${name}-next`);
      // What was interrupted is finished first, with what it had read; the next one reads what came after.
      await execute(mode, name, `${name}-after`);
    } else {
      if (wasHeld) await retried(step);
      if (waking === 'amid') release();
      try {
        for (const later of rest) await retried(later);
      } catch (error) {
        // Two beginnings of one execution: the one that came last has the lease. The other ends, and the next run finishes it.
        if (!(step === 'start' && waking === 'amid' && String(error).includes('lease_lost'))) throw error;
        await dead;
        await endLease(name);
        await execute(mode, name, `${name}-next`);
      }
    }
    if (waking === 'amid') await dead;
    const left = await stateOf(name);
    expect(left.rows).toEqual(expected);
    expect(left.said).toMatchObject({
      log: expect.not.arrayContaining([expect.objectContaining({ status: 'running' })]),
    });
    release();
    await dead;
    const woken = await stateOf(name);
    expect(woken.rows).toEqual(left.rows);
    // A beginning whose run is not in the log yet finds the pipeline free, and begins then; nobody goes on with it.
    if (step === 'start') await endLease(name);
    else expect(woken).toEqual(left);
    // And the pipeline goes on: the same content again changes no row.
    await write(mode, name, expected);
    await execute(mode, name, `${name}-again`);
    expect((await stateOf(name)).rows).toEqual(expected);
  });
});
