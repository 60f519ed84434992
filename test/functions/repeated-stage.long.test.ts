import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { FunctionName } from '../../lib/infra/function-names.ts';
import type { Fate, Passing } from '../support/dsql-proxy.ts';
import { type BundledFunctions, bundledFunctions } from '../support/lambda/bundled-functions.ts';

const modes = ['insert', 'upsert', 'replace'] as const;
type Mode = (typeof modes)[number];

const pipelines = modes.map(
  (mode) =>
    `  ${mode}: { source_type: file, file_path: 's3://incoming/${mode}.csv', target_table: ${mode}_rows, load_mode: ${mode}, batch_rows: 400${mode === 'insert' ? '' : ', key_columns: [id]'} }`,
);
const config = `pipelines:\n${pipelines.join('\n')}\ndeploy: { chunk_rows: 1000 }\n`;

let service: BundledFunctions;

beforeAll(async () => {
  service = await bundledFunctions(config, { proxied: 'load' });
  await service.aws.createBucket('incoming');
  await service.create();
});

afterAll(async () => {
  await service?.close();
});

const startedSchema = z.object({ next: z.literal('go'), run: z.looseObject({ run_id: z.string() }) });
const preparedSchema = z.looseObject({ groups: z.array(z.object({ from: z.number(), to: z.number() })) });
const rowsOf = (count: number, word: string): readonly string[] =>
  Array.from({ length: count }, (_, id) => `${id},${word} ${id}`);

/** The stages of one execution as the state machine calls them. */
function execution(mode: Mode, name: string) {
  let run: unknown;
  const given = {
    execution: { id: `arn:aws:states:us-east-1:1:execution:etl:${name}`, name, start_time: '2025-01-01T00:00:00.000Z' },
    input: { pipeline: mode },
  };
  const stage = async (fn: FunctionName, event: object = {}): Promise<unknown> =>
    await service.invoke(fn, { ...given, ...event, run });
  return {
    begin: async () => {
      run = startedSchema.parse(await service.invoke('record', { ...given, action: 'start' })).run;
      await stage('extract');
      await stage('transform');
      await stage('load', { action: 'admit' });
      await stage('bootstrap', { action: 'define' });
      return preparedSchema.parse(await stage('load', { action: 'prepare' })).groups;
    },
    load: async (group: object) => await stage('load', { action: 'load', ...group, conflict_retries: 0 }),
    end: async () => {
      const concluded = mode === 'replace' ? await stage('load', { action: 'conclude' }) : {};
      const counts = { conflict_retries: 0, warnings: [], rows_deleted: 0, verified: null, ...(concluded as object) };
      return await stage('record', { action: 'success', ...counts });
    },
  };
}

/** Holds the n-th statement that a load sends from now on. */
function holdStatement(n: number): { readonly reached: Promise<void>; readonly release: () => void } {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let reach = (): void => undefined;
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  let statements = 0;
  service.proxy.decide = async ({ from, type }: Passing): Promise<Fate> => {
    if (from === 'server' || !['Q', 'B', 'c'].includes(type)) return 'pass';
    statements += 1;
    if (statements !== n) return 'pass';
    reach();
    await held;
    return 'pass';
  };
  return { reached, release };
}

async function tableRows(mode: Mode): Promise<readonly string[]> {
  const rows = await service.target.sql.unsafe<{ readonly row: string }[]>(
    `SELECT concat(id, ',', name) AS row FROM ${mode}_rows ORDER BY id, name`,
  );
  return rows.map(({ row }) => row);
}

async function write(mode: Mode, rows: readonly string[]): Promise<void> {
  await service.aws.putObject('incoming', `${mode}.csv`, `id,name\n${rows.join('\n')}\n`);
}

const plans = modes.flatMap((mode) => [3, 9, 15].map((n) => [mode, n] as const));

describe('a function that loads and was thought dead, held at one of its statements', () => {
  it.each(plans)('doubles no row beside its retry (%s, statement %i)', async (mode, n) => {
    await service.target.sql.unsafe(`DROP TABLE IF EXISTS ${mode}_rows`);
    const rows = rowsOf(2_500, `double ${n}`);
    await write(mode, rows);
    const run = execution(mode, `double-${mode}-${n}`);
    const groups = await run.begin();
    const { reached, release } = holdStatement(n);
    const first = run.load({ from: 0, to: 3 });
    await Promise.race([reached, first]);
    // Both may meet conflicts with each other until they give up; the state machine calls again then.
    await run.load({ from: 0, to: 3 }).catch(() => undefined);
    release();
    await first.catch(() => undefined);
    await run.load({ from: 0, to: 3 });
    expect(groups.at(-1)?.to).toBe(3);
    expect(await run.end()).toMatchObject({ status: 'success', rows_read: 2_500, rows_loaded: 2_500 });
    expect(await tableRows(mode)).toEqual([...rows].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)));
  });

  it.each(plans)('writes nothing after another execution has taken over (%s, statement %i)', async (mode, n) => {
    await service.target.sql.unsafe(`DROP TABLE IF EXISTS ${mode}_rows`);
    await write(mode, rowsOf(2_500, `first ${n}`));
    const stale = execution(mode, `stale-${mode}-${n}`);
    await stale.begin();
    const { reached, release } = holdStatement(n);
    const first = stale.load({ from: 0, to: 3 }).then(
      () => 'loaded',
      (error: unknown) => String((error as Error).message),
    );
    await Promise.race([reached, first]);
    await service.target.sql`
      UPDATE public.etl_state SET lease = jsonb_set(lease, '{expires_at}', '"2000-01-01T00:00:00.000Z"')
       WHERE pipeline_name = ${mode}`;
    const rows = rowsOf(2_600, `second ${n}`);
    await write(mode, rows);
    const next = execution(mode, `next-${mode}-${n}`);
    for (const group of await next.begin()) await next.load(group);
    expect(await next.end()).toMatchObject({ status: 'success', rows_loaded: 2_600 });
    const left = await tableRows(mode);
    expect(left).toEqual(rows);
    release();
    // What is left of a run that was closed are no files, nor a lease.
    expect(await first).toMatch(/\[(?:lease_lost|staged_object_missing)\]/);
    expect(await tableRows(mode)).toEqual(left);
  });
});
