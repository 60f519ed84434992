import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/read-config.ts';
import type { FunctionName } from '../../lib/infra/function-names.ts';
import { machineDefinition } from '../../lib/infra/machine-definition.ts';
import { bucketObjects } from '../support/aws/bucket-objects.ts';
import { type BundledFunctions, bundledFunctions } from '../support/lambda/bundled-functions.ts';
import type { Machine } from '../support/states-interpreter/definition.ts';
import { StatesError } from '../support/states-interpreter/errors.ts';
import { interpret, type Outcome } from '../support/states-interpreter/interpret.ts';
import type { Task } from '../support/states-interpreter/walk.ts';

const shared =
  'source_type: file, piece_mb: 0.0005, load_mode: replace, verify: full, max_shrink: 1, columns: { n: bigint }';
const configuration = `pipelines:
  keyed: { ${shared}, file_path: s3://incoming/keyed.csv, target_table: keyed, key_columns: [id] }
  plain: { ${shared}, file_path: s3://incoming/plain.csv, target_table: plain, deduplicate: true }
  foreign_table: { ${shared}, file_path: s3://incoming/foreign_table.csv, target_table: foreign_table, key_columns: [id] }
deploy: { scatter_above_mb: 0, scatter_concurrency: 2, load_concurrency: 4, run_timeout_minutes: 60 }
`;
const config = parseConfig(configuration, 'etl.yaml');
const machine = JSON.parse(
  JSON.stringify(machineDefinition(config)).replaceAll(/\$\{(StagingBucket|Partition)\}/g, (_, name: string) =>
    name === 'Partition' ? 'aws' : 'staging',
  ),
) as Machine;

let service: BundledFunctions;
let executions = 0;

beforeAll(async () => {
  service = await bundledFunctions(configuration);
  await service.aws.createBucket('incoming');
  await service.create();
});

afterAll(async () => {
  await service?.close();
});

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
    objects: bucketObjects(service.aws.s3, []),
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
      const response = await service.invoke(fn, payload);
      if (task.state === 'Conclude by bucket') concluded = response;
      return { Payload: response };
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

/** The maps that an execution went through when its rows were cleaned. */
function mapsOf({ mapRuns }: Outcome): readonly string[] {
  return mapRuns.map(({ state }) => state).filter((state) => !['Survey', 'Clean', 'Gather'].includes(state));
}

describe('a replacement in AWS whose source was cleaned in buckets', { timeout: 240_000 }, () => {
  it.each(['keyed', 'plain'])(
    'has the rows of its source alone, also where calls are killed and repeated: %s',
    async (pipeline) => {
      expect(await execute(pipeline, csv(numbers(0, 400)))).toMatchObject({ status: 'SUCCEEDED' });
      // Each piece is killed once before its work, and once behind it, when what it said is lost.
      const calls = new Map<string, number>();
      const second = await execute(pipeline, csv(numbers(150, 500)), async ({ args, state }) => {
        if (!['Take away rows', 'Verify rows'].includes(state)) return;
        const piece = `${state} ${String((args.Payload as { readonly from: number }).from)}`;
        const before = calls.get(piece) ?? 0;
        calls.set(piece, before + 1);
        if (before === 1) await service.invoke('load', args.Payload);
        if (before < 2) throw new StatesError('Sandbox.Timedout', 'killed');
      });
      expect(second, second.cause).toMatchObject({ status: 'SUCCEEDED' });
      expect([...calls.values()]).toEqual([...calls].map(() => 3));
      expect(calls.size).toBeGreaterThan(4);
      expect(await idsIn(pipeline)).toEqual(numbers(150, 500));
      expect(mapsOf(second)).toEqual(['Load distributed', 'Take away by bucket', 'Verify by bucket']);
      expect(second.concluded).toMatchObject({ verified: 'full: 350 rows' });
    },
  );

  it('deletes nothing where a row is rejected that may be a missing one, and says how many would go', async () => {
    const refused = await execute('keyed', csv([...numbers(160, 500), 'bad']));
    expect(refused).toMatchObject({ status: 'FAILED', error: 'RejectedReplaceError' });
    expect(refused.cause).toMatch(/replace would delete 10 rows of keyed, and 1 rows of the source were rejected/);
    expect(mapsOf(refused)).toEqual(['Check by bucket']);
    expect(await idsIn('keyed')).toEqual(numbers(150, 500));
    const held = await execute('keyed', csv([...numbers(150, 600), 'bad']));
    expect(held, held.cause).toMatchObject({ status: 'SUCCEEDED' });
    expect(mapsOf(held)[0]).toBe('Check by bucket');
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
