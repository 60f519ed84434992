import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { FunctionName } from '../../lib/infra/function-names.ts';
import { serve, type TestServer } from '../support/http-server.ts';
import { type BundledFunctions, bundledFunctions } from '../support/lambda/bundled-functions.ts';

const configOf = (apiUrl: string): string => `data_source: { base_url: '${apiUrl}', allow_private_addresses: true }
pipelines:
  people:
    source_type: file
    file_path: s3://incoming/people.csv
    target_table: people
    key_columns: [id]
    load_mode: upsert
    verify: count
    indexes: [[name]]
    columns: { amount: bigint }
    business_rules: [{ type: filter, condition: "name <> 'nobody'" }]
  limited:
    source_type: file
    file_path: s3://incoming/people.csv
    target_table: limited
    budget: { rows: 5 }
  repeated:
    source_type: file
    file_path: s3://incoming/people.csv
    target_table: repeated
  moved:
    source_type: file
    file_path: s3://incoming/moved.csv
    load_mode: insert
    target_table: moved
  added:
    source_type: api
    endpoint: items
    load_mode: insert
    incremental: { cursor_column: id, start_param: after }
    target_table: added
deploy: { notify: { emails: [team@example.com] } }
`;

/** Of 7 rows one is filtered, one is the same row again, one has an amount that is no number: 4 are loaded. */
const people =
  'id,name,amount,uuid_id\n1,ann,10,a\n2,bob,20,a\n2,bob,20,a\n3,nobody,30,a\n4,dee,none,a\n5,eve,50,b\n6,fay,60,c\n';

const preparedSchema = z.looseObject({ groups: z.array(z.object({ from: z.number(), to: z.number() })) });
const startedSchema = z.object({ next: z.string(), run: z.looseObject({ run_id: z.string() }).nullable() });

let service: BundledFunctions;
let api: TestServer;

beforeAll(async () => {
  api = await serve((request, response) => {
    const after = Number(new URL(request.url ?? '', 'http://localhost').searchParams.get('after') ?? 0);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify([1, 2, 3].filter((id) => id > after).map((id) => ({ id }))));
  });
  service = await bundledFunctions(configOf(api.url));
  await service.aws.createBucket('incoming');
  await service.aws.putObject('incoming', 'people.csv', people);
});

afterAll(async () => {
  await service?.close();
  await api?.close();
});

function executionOf(name: string) {
  return { id: `arn:aws:states:us-east-1:1:execution:etl:${name}`, name, start_time: '2025-01-01T00:00:00.000Z' };
}

const input = { pipeline: 'people' };

/** What record gave the state machine for each execution. */
const begun = new Map<string, unknown>();

/** Calls a function with what the state machine gives every stage of a run that has begun. */
async function stage(name: FunctionName, execution: string, event: object = {}): Promise<unknown> {
  return await service.invoke(name, {
    ...event,
    execution: executionOf(execution),
    input,
    run: begun.get(execution),
  });
}

async function start(execution: string, asked: object = input): Promise<z.infer<typeof startedSchema>> {
  const started = startedSchema.parse(
    await service.invoke('record', { action: 'start', execution: executionOf(execution), input: asked }),
  );
  begun.set(execution, started.run);
  return started;
}

/** What Step Functions sees of a call that fails. */
async function failureOf(call: Promise<unknown>): Promise<{ readonly name: string; readonly message: string }> {
  const error = await call.then(
    () => new Error('the call succeeded'),
    (thrown: unknown) => thrown as Error,
  );
  return { name: error.name, message: error.message };
}

async function filesOf(run: string): Promise<readonly string[]> {
  const listed = await service.aws.s3.send(
    new ListObjectsV2Command({ Bucket: service.stagingBucket, Prefix: `runs/${run}/` }),
  );
  return (listed.Contents ?? []).map(({ Key }) => Key ?? '');
}

async function logOf(run: string) {
  return await service.target.sql`
    SELECT status, rows_read, rows_filtered, rows_deduplicated, rows_rejected, rows_loaded, error_message,
           details->'execution'->>'arn' AS execution, (details->'execution'->'log_groups')::text AS log_groups
      FROM etl_execution_log WHERE run_id = ${run}`;
}

describe('bootstrap', () => {
  it('makes the service tables and the role when the stack is created, and tells CloudFormation so', async () => {
    const responses: unknown[] = [];
    const cloudFormation = await serve((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      request.once('end', () => {
        responses.push(JSON.parse(body));
        response.end();
      });
    });
    try {
      const response = await service.invoke('bootstrap', {
        RequestType: 'Create',
        ResponseURL: `${cloudFormation.url}/response`,
        StackId: 'stack',
        RequestId: 'request',
        LogicalResourceId: 'Bootstrap',
        ResourceProperties: { RoleArns: ['arn:aws:iam::111122223333:role/record'] },
      });
      expect(response).toEqual({ done: 'Create' });
    } finally {
      await cloudFormation.close();
    }
    expect(responses).toMatchObject([{ Status: 'SUCCESS', PhysicalResourceId: 'dsql-etl-bootstrap' }]);
    const tables = await service.target.sql`SELECT 1 FROM pg_tables WHERE tablename = 'etl_execution_log'`;
    expect(tables).toHaveLength(1);
  });
});

describe('the stages of a run, called one after another', () => {
  it('record takes the lease and begins the run', async () => {
    expect(await start('run-1')).toMatchObject({ next: 'go', run: { run_id: 'run-1', resumed: false } });
  });

  it('record lets another execution of the pipeline do nothing, or wait if told to', async () => {
    expect(await start('run-2')).toMatchObject({ next: 'nothing', run: null });
    expect(await start('run-2', { ...input, wait: true })).toMatchObject({ next: 'wait', run: null });
  });

  it('extract leaves a manifest in the staging bucket, and no copy of an object that can be read where it lies', async () => {
    expect(await stage('extract', 'run-1')).toMatchObject({ complete: true, parts: 1, bytes_read: people.length });
    const files = (await filesOf('run-1')).filter((key) => key.startsWith('runs/run-1/raw/'));
    expect(files).toEqual(['runs/run-1/raw/manifest.json']);
  });

  it('transform cleans the rows into chunks and counts them', async () => {
    expect(await stage('transform', 'run-1')).toMatchObject({
      complete: true,
      chunks: 1,
      rows_read: 7,
      rows_filtered: 1,
      rows_deduplicated: 1,
      rows_rejected: 1,
    });
  });

  it('load keeps the rejected rows before there is a table', async () => {
    expect(await stage('load', 'run-1', { action: 'admit' })).toEqual({ admitted: true });
    const rejected = await service.target.sql`SELECT reason FROM etl_rejected_row WHERE run_id = 'run-1'`;
    expect(rejected).toHaveLength(1);
    expect(await service.target.sql`SELECT 1 FROM pg_tables WHERE tablename = 'people'`).toHaveLength(0);
  });

  it('bootstrap makes the table that the functions may write to', async () => {
    expect(await stage('bootstrap', 'run-1', { action: 'define' })).toEqual({ done: 'define' });
    expect(await service.target.sql`SELECT 1 FROM pg_tables WHERE tablename = 'people'`).toHaveLength(1);
  });

  it('load tells the state machine which chunks there are and what comes after them', async () => {
    expect(await stage('load', 'run-1', { action: 'prepare' })).toEqual({
      groups: [{ from: 0, to: 1 }],
      distributed: false,
      was_empty: true,
      warnings: [expect.stringMatching(/^1 row was rejected: /)],
      index: true,
      conclude: true,
      by_bucket: false,
      pieces: [],
      buckets: [],
      check: false,
    });
  });

  it('load writes each chunk once, also when it is called again', async () => {
    const group = { action: 'load', from: 0, to: 1, conflict_retries: 0, waits: 0 };
    expect(await stage('load', 'run-1', group)).toMatchObject({ from: 1, complete: true });
    expect(await stage('load', 'run-1', group)).toMatchObject({ from: 1, complete: true });
    const rows = await service.target
      .sql`SELECT concat_ws(' ', id, name, amount, uuid_id) AS row FROM people ORDER BY id`;
    expect(rows.map(({ row }) => String(row))).toEqual(['1 ann 10 a', '2 bob 20 a', '5 eve 50 b', '6 fay 60 c']);
  });

  it('bootstrap builds the index', async () => {
    expect(await stage('bootstrap', 'run-1', { action: 'index' })).toEqual({ done: 'index' });
    const indexes = await service.target.sql`SELECT indexdef FROM pg_indexes WHERE tablename = 'people'`;
    expect(indexes.map(({ indexdef }) => String(indexdef)).join()).toContain('(name)');
  });

  it('load verifies what is in the table', async () => {
    expect(await stage('load', 'run-1', { action: 'conclude' })).toMatchObject({
      rows_deleted: 0,
      verified: 'count: 4 rows',
    });
  });

  it('record logs the success, frees the pipeline and clears the files, and says the same when it is called again', async () => {
    const success = {
      action: 'success',
      conflict_retries: 0,
      warnings: [],
      rows_deleted: 0,
      verified: 'count: 4 rows',
    };
    const summary = await stage('record', 'run-1', success);
    expect(summary).toMatchObject({ status: 'success', rows_read: 7, rows_loaded: 4 });
    expect(await stage('record', 'run-1', success)).toMatchObject({ run_id: 'run-1', status: 'success' });
    const place = { execution: executionOf('run-1').id, log_groups: '["etl-record-log", "etl-load-log"]' };
    expect(await logOf('run-1')).toMatchObject([{ status: 'success', rows_loaded: '4', ...place }]);
    expect(await filesOf('run-1')).toEqual([]);
  });

  it('record does not load the same content again', async () => {
    expect(await start('run-3')).toMatchObject({ next: 'nothing', run: null });
  });

  it('notify tells of the success', async () => {
    const summary = { run_id: 'run-1', rows_loaded: 4 };
    const event = { action: 'success', execution: executionOf('run-1'), input, summary };
    expect(await service.invoke('notify', event)).toEqual({ sent: true });
    expect(await service.messages()).toMatchObject([
      { subject: '[etl test] people succeeded', attributes: { pipeline: 'people', status: 'success' } },
    ]);
  });
});

describe('a run that fails', () => {
  it('is logged by notify with the reason, frees the pipeline, and is told', async () => {
    expect(await start('run-4', { ...input, again: true })).toMatchObject({ next: 'go' });
    await stage('extract', 'run-4');
    const cause = JSON.stringify({ errorType: 'TooManyRejectedError', errorMessage: 'Too many. [too_many_rejected]' });
    const response = await service.invoke('notify', {
      action: 'failure',
      execution: executionOf('run-4'),
      input,
      run: null,
      stage: 'load',
      error: { Error: 'TooManyRejectedError', Cause: cause },
    });
    expect(response).toEqual({ Error: 'TooManyRejectedError', Cause: 'Too many.' });
    const place = { execution: executionOf('run-4').id };
    expect(await logOf('run-4')).toMatchObject([{ status: 'failed', error_message: 'Too many.', ...place }]);
    expect(await service.messages()).toMatchObject([
      { subject: '[etl test] people failed in load: too_many_rejected', body: { run_id: 'run-4' } },
    ]);
    expect(await start('run-5', { ...input, again: true })).toMatchObject({ next: 'go' });
  });

  it('without any Catch is logged from the event of EventBridge', async () => {
    await service.invoke('notify', {
      source: 'aws.states',
      detail: {
        executionArn: executionOf('run-5').id,
        name: 'run-5',
        status: 'TIMED_OUT',
        startDate: 1_735_689_600_000,
        input: JSON.stringify(input),
      },
    });
    expect(await service.messages()).toMatchObject([{ subject: '[etl test] people failed in extract: run_timed_out' }]);
  });
});

describe('a function', () => {
  it('refuses an input that is none, by an error that the state machine does not retry', async () => {
    const asked = service.invoke('record', { action: 'start', execution: executionOf('bad'), input: { pipelin: 'x' } });
    expect(await failureOf(asked)).toMatchObject({ message: expect.stringContaining('[invalid_input]') });
    const unknown = service.invoke('record', {
      action: 'start',
      execution: executionOf('bad'),
      input: { pipeline: 'peple' },
    });
    expect((await failureOf(unknown)).message).toMatch(/people.*\[unknown_pipeline\]/s);
  });

  it('refuses an event of another shape', async () => {
    expect((await failureOf(service.invoke('extract', { execution: 1 }))).message).toContain('[invalid_input]');
  });

  it('does nothing for a run that has lost its lease', async () => {
    expect(await start('run-6', { ...input, again: true })).toMatchObject({ next: 'go' });
    await service.target.sql`
      UPDATE etl_state SET lease = jsonb_set(lease, '{holder}', '"another"') WHERE pipeline_name = 'people'`;
    for (const name of ['extract', 'transform'] as const) {
      expect((await failureOf(stage(name, 'run-6'))).message).toContain('[lease_lost]');
    }
    expect(await filesOf('run-6')).toEqual([]);
  });
});

/** A whole run, whose start is called as often as told before it goes on. */
async function execute(name: string, asked: object, starts = 1): Promise<void> {
  for (let left = starts; left > 0; left -= 1) expect(await start(name, asked)).toMatchObject({ next: 'go' });
  const call = (fn: FunctionName, event: object = {}) =>
    service.invoke(fn, { ...event, execution: executionOf(name), input: asked, run: begun.get(name) });
  await call('extract');
  await call('transform');
  await call('load', { action: 'admit' });
  await call('bootstrap', { action: 'define' });
  const { groups } = preparedSchema.parse(await call('load', { action: 'prepare' }));
  for (const group of groups) await call('load', { action: 'load', ...group, conflict_retries: 0, waits: 0 });
  const ended = { conflict_retries: 0, warnings: [], rows_deleted: 0, verified: null };
  expect(await call('record', { action: 'success', ...ended })).toMatchObject({ status: 'success' });
}

describe('a start that was thought dead', () => {
  it('does not begin its run anew when it wakes behind its end, so that the next one takes no rows back', async () => {
    const added = { pipeline: 'added' };
    await execute('run-8', added);
    expect((await failureOf(start('run-8', added))).message).toMatch(/run run-8 is over.*\[invalid_input\]/);
    expect(await logOf('run-8')).toMatchObject([{ status: 'success', rows_loaded: '3' }]);
    await execute('run-9', added);
    const rows = await service.target.sql`SELECT id FROM added ORDER BY id`;
    expect(rows.map(({ id }) => id)).toEqual(['1', '2', '3']);
  });

  it('leaves a run that starts over to its retry, as one whose content is loaded', async () => {
    const repeated = { pipeline: 'repeated' };
    await execute('run-10', { ...repeated, again: true }, 2);
    expect(await start('run-11', repeated)).toMatchObject({ next: 'nothing', run: null });
  });
});

describe('an object that is written again between extract and transform', () => {
  it('fails the run before a row is loaded, and the next run reads what is there then', async () => {
    const moved = { pipeline: 'moved' };
    const before = { execution: executionOf('run-12'), input: moved };
    await service.aws.putObject('incoming', 'moved.csv', 'id,name\n1,old\n2,old\n');
    expect(await start('run-12', moved)).toMatchObject({ next: 'go' });
    const run = begun.get('run-12');
    await service.invoke('extract', { ...before, run });
    await service.aws.putObject('incoming', 'moved.csv', 'id,name\n1,new\n');
    const failure = await failureOf(service.invoke('transform', { ...before, run }));
    expect(failure.message).toMatch(/s3:\/\/incoming\/moved\.csv was written again or deleted.*\[object_changed\]/s);
    const cause = JSON.stringify({ errorType: 'SourceObjectChangedError', errorMessage: failure.message });
    const error = { Error: 'SourceObjectChangedError', Cause: cause };
    await service.invoke('notify', { action: 'failure', ...before, run, stage: 'transform', error });
    await service.messages();
    await execute('run-13', moved);
    expect(await logOf('run-12')).toMatchObject([{ status: 'failed', rows_loaded: '0' }]);
    expect(await service.target.sql`SELECT id, name FROM moved`).toMatchObject([{ id: '1', name: 'new' }]);
  });
});

describe('a run over its budget', () => {
  it('is refused when its rows are admitted, before there is a table', async () => {
    const limited = { pipeline: 'limited' };
    const execution = executionOf('run-7');
    const { run } = startedSchema.parse(await service.invoke('record', { action: 'start', execution, input: limited }));
    for (const name of ['extract', 'transform'] as const)
      await service.invoke(name, { execution, input: limited, run });
    const admit = service.invoke('load', { action: 'admit', execution, input: limited, run });
    const failure = await failureOf(admit);
    expect(failure.message).toMatch(
      /^BudgetExceededError.*Pipeline limited would cost more than its budget allows: 6 rows, which is 1 rows \(20 %\) over 5 rows/,
    );
    expect(await service.target.sql`SELECT 1 FROM pg_tables WHERE tablename = 'limited'`).toHaveLength(0);
  });
});
