import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Deployment, deploy } from '../support/aws/deployment.ts';
import { lambdaNode } from '../support/aws/lambda-node.ts';
import type { Outcome } from '../support/states-interpreter/interpret.ts';

const config = ['thousands', 'poisoned', 'stopped', 'listed']
  .map(
    (name) => `  ${name}:
    source_type: file
    file_path: s3://incoming/${name}/
    target_table: ${name}
    key_columns: [id]
    load_mode: upsert
    trigger: { bucket: incoming, prefix: ${name}/, suffix: .csv }
`,
  )
  .join('');

const node = lambdaNode();

let service: Deployment;

beforeAll(async () => {
  service = await deploy({
    config: `pipelines:\n${config}deploy: { architecture: x86_64, chunk_rows: 1000 }\n`,
    node: 'file' in node ? node.file : process.execPath,
  });
  await service.aws.createBucket('incoming');
  expect(await service.bootstrap('Create')).toMatchObject({ Status: 'SUCCESS' });
}, 300_000);

afterAll(async () => {
  await service?.close();
});

beforeEach(async () => {
  service.before.clear();
  await service.messages();
});

const keyOf = (pipeline: string, number: number): string => `${pipeline}/${String(number).padStart(5, '0')}.csv`;

/** Rows of an object: three of its own, and one that every object has, of which the last event's counts. */
const contentOf = (number: number): string =>
  ['id,from_object', ...[0, 1, 2].map((row) => `${number * 3 + row},${number}`), `-1,${number}`, ''].join('\n');

/** Puts objects and tells EventBridge of each, `perSecond` with the same time. */
async function land(pipeline: string, from: number, to: number, perSecond: number): Promise<void> {
  for (let number = from; number < to; number += 1) {
    const key = keyOf(pipeline, number);
    await service.aws.putObject('incoming', key, contentOf(number));
    await service.emit({
      source: 'aws.s3',
      'detail-type': 'Object Created',
      time: new Date(Date.UTC(2026, 0, 1) + Math.floor(number / perSecond) * 1_000).toISOString(),
      detail: {
        bucket: { name: 'incoming' },
        object: { key, size: contentOf(number).length, sequencer: number.toString(16).padStart(16, '0') },
      },
    });
  }
}

async function logOf(pipeline: string) {
  return await service.target.sql<{ status: string; rows_loaded: string; error_message: string | null }[]>`
    SELECT status, rows_loaded, error_message FROM etl_execution_log WHERE pipeline_name = ${pipeline} ORDER BY start_time`;
}

/** How many rows a table has, how many ids, and which object the row that all have is of. */
async function tableOf(name: string) {
  const [row] = await service.target.sql.unsafe<{ n: string; ids: string; last: string }[]>(
    `SELECT count(*) AS n, count(DISTINCT id) AS ids, max(from_object) FILTER (WHERE id = -1) AS last FROM ${name}`,
  );
  return { rows: Number(row?.n), ids: Number(row?.ids), last: Number(row?.last) };
}

async function statuses(pipeline: string): Promise<Readonly<Record<string, number>>> {
  const rows = await service.target.sql<{ status: string; n: string }[]>`
    SELECT status, count(*) AS n FROM etl_object WHERE pipeline_name = ${pipeline} GROUP BY status`;
  return Object.fromEntries(rows.map(({ n, status }) => [status, Number(n)]));
}

const failures = (outcomes: readonly Outcome[]): readonly string[] =>
  outcomes.filter(({ status }) => status !== 'SUCCEEDED').map(({ cause, error }) => `${error}: ${cause}`);

describe('a burst of objects', () => {
  it('of 3,000 within five seconds ends in fewer than ten runs, with all rows once, the last event last', async () => {
    await land('thousands', 0, 200, 600);
    // The first run is under way while the others land.
    const first = service.settle();
    await land('thousands', 200, 3_000, 600);
    const outcomes = [...(await first), ...(await service.settle())];
    expect(failures(outcomes)).toEqual([]);
    const runs = await logOf('thousands');
    expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(['success']));
    expect(runs.length).toBeLessThan(10);
    expect(await tableOf('thousands')).toEqual({ rows: 9_001, ids: 9_001, last: 2_999 });
    expect(await statuses('thousands')).toEqual({ loaded: 3_000 });
  }, 1_200_000);

  it('with one of 500 that cannot be read loads the others and names the one', async () => {
    await land('poisoned', 0, 500, 100);
    await service.aws.putObject('incoming', keyOf('poisoned', 321), 'PK\u0003\u0004 not a text');
    const outcomes = await service.settle();
    expect(failures(outcomes)).toHaveLength(4);
    expect(outcomes.length).toBeLessThan(10);
    expect(await tableOf('poisoned')).toEqual({ rows: 499 * 3 + 1, ids: 499 * 3 + 1, last: 499 });
    expect(await statuses('poisoned')).toEqual({ loaded: 499, set_aside: 1 });
    const failed = (await logOf('poisoned')).filter(({ status }) => status === 'failed');
    for (const { error_message: message } of failed) expect(message).toContain(keyOf('poisoned', 321));
    const notices = await service.messages();
    expect(JSON.stringify(notices.at(-1)?.body)).toContain('was set aside after 3 runs');
    const [deadLetters] = service.assembly.resources('AWS::SQS::Queue').filter(([id]) => id.includes('DeadLetters'));
    const kept = await service.queues.receive(deadLetters?.[0] ?? '');
    expect(kept.map(({ Body }) => JSON.parse(Body) as unknown)).toEqual([
      { pipeline: 'poisoned', object: { bucket: 'incoming', key: keyOf('poisoned', 321) } },
    ]);
  }, 600_000);

  it('whose run is stopped in the middle of the load is gone on with, and no row comes twice', async () => {
    await land('stopped', 0, 1_000, 200);
    await service.deliver();
    const [asked] = service.started();
    let groups = 0;
    const committed = async (): Promise<number> => {
      const [row] = await service.target.sql<{ n: string }[]>`
        SELECT count(*) AS n FROM etl_load_ledger WHERE run_id = ${asked?.name ?? ''}`;
      return Number(row?.n);
    };
    service.before.set('Load chunks', async () => {
      groups += 1;
      if (groups === 1) return;
      while ((await committed()) === 0) await new Promise((resolve) => setTimeout(resolve, 100));
      throw new Error('stopped by hand');
    });
    await expect(service.execute(asked?.input, asked?.name)).rejects.toThrow('stopped by hand');
    service.before.clear();
    const [arn] = service.assembly
      .resources('AWS::StepFunctions::StateMachine')
      .map(([id]) => service.assembly.resolve({ Ref: id }));
    await service.emit({
      source: 'aws.states',
      'detail-type': 'Step Functions Execution Status Change',
      detail: {
        executionArn: service.executionArn(asked?.name ?? ''),
        stateMachineArn: arn,
        name: asked?.name,
        status: 'ABORTED',
        startDate: Date.now() - 5_000,
        input: JSON.stringify(asked?.input),
      },
    });
    expect(await statuses('stopped')).toEqual({ taken: 1_000 });
    // More lands while nothing runs; it waits for its turn.
    await land('stopped', 1_000, 1_010, 200);
    expect(await service.settle()).toEqual([]);
    await service.target.sql`UPDATE etl_object SET not_before = NULL WHERE pipeline_name = 'stopped'`;
    await service.hosts.collect?.invoke({ action: 'sweep' });
    const outcomes = await service.settle();
    expect(failures(outcomes)).toEqual([]);
    expect(outcomes[0]?.output).toMatchObject({ run_id: asked?.name });
    expect(await tableOf('stopped')).toEqual({ rows: 3_031, ids: 3_031, last: 1_009 });
    expect(await statuses('stopped')).toEqual({ loaded: 1_010 });
    expect((await logOf('stopped')).map(({ status }) => status)).toEqual(['success', 'success']);
  }, 600_000);

  it('that lies there already is loaded by a prefix', async () => {
    for (let number = 0; number < 25; number += 1) {
      await service.aws.putObject('incoming', `listed/2026/${number}.csv`, contentOf(number));
      await service.aws.putObject('incoming', `listed/2025/${number}.csv`, contentOf(100 + number));
    }
    const outcome = await service.execute({ pipeline: 'listed', prefix: 'listed/2026/' });
    expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
    expect(outcome.path).toContain('List');
    expect(await service.settle()).toEqual([]);
    expect(await tableOf('listed')).toMatchObject({ rows: 76, ids: 76 });
    const none = await service.execute({ pipeline: 'listed', prefix: 'listed/2024/' });
    expect(none).toMatchObject({ status: 'FAILED', error: 'InvalidInputError' });
    expect(none.cause).toContain('has no object that begins with listed/2024/');
  }, 300_000);
});
