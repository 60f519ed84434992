import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/read-config.ts';
import { parseTableName } from '../../lib/dsql/identifier.ts';
import { readManifest } from '../../lib/extract/raw-objects.ts';
import type { FunctionName } from '../../lib/infra/function-names.ts';
import { machineDefinition } from '../../lib/infra/machine-definition.ts';
import { describeTable } from '../../lib/load/target-table.ts';
import { planKey } from '../../lib/run/store-keys.ts';
import { transformScattered } from '../../lib/scatter/transform-scattered.ts';
import { s3Store } from '../../lib/store/s3-store.ts';
import { type BundledFunctions, bundledFunctions } from '../support/lambda/bundled-functions.ts';
import type { Machine } from '../support/states-interpreter/definition.ts';
import { StatesError } from '../support/states-interpreter/errors.ts';
import { interpret, type Outcome } from '../support/states-interpreter/interpret.ts';
import type { Task } from '../support/states-interpreter/walk.ts';

const shared = 'source_type: file, load_mode: replace, verify: full, max_shrink: 1, columns: { n: bigint }';
const configuration = `pipelines:
  keyed: { ${shared}, file_path: s3://incoming/keyed.csv, target_table: keyed, key_columns: [id] }
  plain: { ${shared}, file_path: s3://incoming/plain.csv, target_table: plain, deduplicate: true }
  foreign_table: { ${shared}, file_path: s3://incoming/foreign_table.csv, target_table: foreign_table, key_columns: [id] }
deploy: { scatter_above_mb: 0, load_concurrency: 4, run_timeout_minutes: 60 }
`;
const config = parseConfig(configuration, 'etl.yaml');
const machine = JSON.parse(JSON.stringify(machineDefinition(config))) as Machine;

let service: BundledFunctions;
let folder: string;
let executions = 0;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'etl-buckets-'));
  service = await bundledFunctions(configuration);
  await service.aws.createBucket('incoming');
  await service.create();
});

afterAll(async () => {
  await service?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Cleans the source of a run in buckets, in the place of the function that cleans it in one go. */
async function clean(pipeline: string, runId: string): Promise<void> {
  const scratchDir = path.join(folder, runId);
  const store = s3Store({ bucket: service.stagingBucket, client: service.aws.s3, scratchDir });
  const settings = config.pipelines[pipeline];
  const raw = await readManifest(store, `runs/${runId}`);
  if (raw === undefined || settings === undefined) throw new Error('nothing to clean');
  const table = await describeTable(service.target.sql, parseTableName(settings.target_table));
  const plan = await transformScattered(
    {
      raw,
      settings: { ...settings, name: pipeline },
      store,
      prefix: `runs/${runId}`,
      scratchDir: folder,
      targetColumns: table?.columns.map((column) => ({ ...column, isId: column.name === table.idColumn })),
      chunkRows: 40,
      signal: new AbortController().signal,
    },
    { partBytes: 1_000, bucketBytes: 2_000 },
  );
  expect(plan.buckets?.chunks.length).toBeGreaterThan(1);
  await store.put(planKey({ run_id: runId }), JSON.stringify(plan));
}

/** Runs the machine with the functions as they are deployed; `before` may break what a call finds, or the call. */
async function execute(
  pipeline: string,
  content: string,
  before: (task: Task) => Promise<void> = async () => undefined,
): Promise<Outcome & { readonly works: readonly string[]; readonly concluded: unknown }> {
  executions += 1;
  const name = `run-${executions}`;
  const works: string[] = [];
  let concluded: unknown;
  await service.aws.putObject('incoming', `${pipeline}.csv`, content);
  const outcome = await interpret(machine, {
    input: { pipeline, again: true },
    execution: {
      Id: `arn:aws:states:us-east-1:111122223333:execution:etl:${name}`,
      Name: name,
      StartTime: '2026-01-01T00:00:00.000Z',
    },
    random: () => 0,
    runTask: async (task) => {
      await before(task);
      if (task.resource.endsWith(':putObject')) {
        await service.aws.putObject(service.stagingBucket, String(task.args.Key), String(task.args.Body));
        return {};
      }
      const fn = String(task.args.FunctionName)
        .replace(/^\$\{(\w+)Function\}$/, '$1')
        .toLowerCase() as FunctionName;
      const payload = task.args.Payload as Readonly<Record<string, unknown>>;
      if (payload.action === 'pieces') works.push(String(payload.work));
      if (fn === 'transform') {
        await clean(pipeline, name);
        return { Payload: { complete: true } };
      }
      const response = await service.invoke(fn, payload);
      if (task.state === 'Conclude by bucket') concluded = response;
      // The transform, and not the function that cleans pieces, is what is replaced here.
      return { Payload: fn === 'extract' ? { ...(response as object), scattered: false } : response };
    },
  });
  return { ...outcome, works, concluded };
}

const csv = (ids: readonly (number | string)[]): string =>
  `id,n,name\n${ids.map((id) => `${id},${typeof id === 'number' ? id : 'x'},name of ${id}\n`).join('')}`;
const numbers = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

async function idsIn(table: string): Promise<readonly number[]> {
  const rows = await service.target.sql.unsafe<{ id: string }[]>(`SELECT id FROM ${table} ORDER BY id`);
  return rows.map(({ id }) => Number(id));
}

describe('a replacement in AWS whose source was cleaned in buckets', { timeout: 240_000 }, () => {
  it.each(['keyed', 'plain'])(
    'has the rows of its source alone, also where calls are killed and repeated: %s',
    async (pipeline) => {
      expect(await execute(pipeline, csv(numbers(0, 400)))).toMatchObject({ status: 'SUCCEEDED' });
      let killed = 0;
      const second = await execute(pipeline, csv(numbers(150, 500)), async ({ args, state }) => {
        if (!['Take away rows', 'Verify rows'].includes(state) || killed >= 4) return;
        killed += 1;
        // Killed behind its work: what it said is lost.
        if (killed % 2 === 0) await service.invoke('load', args.Payload);
        throw new StatesError('Sandbox.Timedout', 'killed');
      });
      expect(second, second.cause).toMatchObject({ status: 'SUCCEEDED' });
      expect(killed).toBe(4);
      expect(await idsIn(pipeline)).toEqual(numbers(150, 500));
      expect(second.mapRuns.map(({ state }) => state)).toEqual([
        'Load distributed',
        'Take away by bucket',
        'Verify by bucket',
      ]);
      expect(second.concluded).toMatchObject({ verified: 'full: 350 rows' });
    },
  );

  it('deletes nothing where a row is rejected that may be a missing one, and says how many would go', async () => {
    const refused = await execute('keyed', csv([...numbers(160, 500), 'bad']));
    expect(refused).toMatchObject({ status: 'FAILED', error: 'RejectedReplaceError' });
    expect(refused.cause).toMatch(/replace would delete 10 rows of keyed, and 1 rows of the source were rejected/);
    expect(refused.mapRuns.map(({ state }) => state)).toEqual(['Check by bucket']);
    expect(await idsIn('keyed')).toEqual(numbers(150, 500));
    const held = await execute('keyed', csv([...numbers(150, 600), 'bad']));
    expect(held, held.cause).toMatchObject({ status: 'SUCCEEDED' });
    expect(held.mapRuns[0]?.state).toBe('Check by bucket');
    expect(await idsIn('keyed')).toEqual(numbers(150, 600));
  });

  it('goes into a table that somebody else made in one piece, and is verified by buckets', async () => {
    await service.target.sql`CREATE TABLE foreign_table (id numeric(10,2) UNIQUE, n bigint, name text)`;
    await service.target.sql`INSERT INTO foreign_table (id) SELECT i FROM generate_series(0, 99) i`;
    await service.target.sql`INSERT INTO foreign_table (name) VALUES ('no key'), ('nor this')`;
    await service.target.sql.unsafe('GRANT SELECT, INSERT, UPDATE, DELETE ON foreign_table TO dsql_etl');
    const outcome = await execute('foreign_table', csv(numbers(50, 300)));
    expect(outcome, outcome.cause).toMatchObject({ status: 'SUCCEEDED' });
    expect(outcome.works.filter((work) => work === 'delete')).toHaveLength(1);
    expect(outcome.works.filter((work) => work === 'verify').length).toBeGreaterThan(2);
    expect(await idsIn('foreign_table')).toEqual(numbers(50, 300));
    expect(outcome.concluded).toEqual({ rows_deleted: 52, verified: 'full: 250 rows' });
  });

  it('is refused behind the load where the database has refused rows, and deletes nothing', async () => {
    await service.target.sql`DELETE FROM foreign_table WHERE id >= 60`;
    await service.target.sql`CREATE UNIQUE INDEX ASYNC name_once ON foreign_table (name)`;
    const content = csv(numbers(70, 200)).replace('name of 199', 'name of 50');
    let ready = false;
    while (!ready) {
      const found = await service.target
        .sql`SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('name_once') AND indisvalid`;
      ready = found.length > 0;
    }
    const outcome = await execute('foreign_table', content);
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'RejectedReplaceError' });
    expect(outcome.cause).toMatch(
      /would delete 10 rows of foreign_table, and 1 rows of the source were refused by the database/,
    );
    expect(outcome.works).not.toContain('verify');
    expect(await idsIn('foreign_table')).toEqual([...numbers(50, 60), ...numbers(70, 199)]);
  });
});
