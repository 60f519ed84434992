import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SampleApi, startSampleApi } from '../../../examples/sample-api.ts';
import { setLocalFaults } from '../../../lib/local/client.ts';
import { serve, type TestServer } from '../http-server.ts';
import type { LocalTarget } from '../local-target.ts';
import { StatesError } from '../states-interpreter/errors.ts';
import { type Deployment, deploy } from './deployment.ts';
import { allows, grantsOf } from './permissions.ts';
import { referenceRun } from './reference-run.ts';
import { sampleConfig } from './sample-config.ts';

const files = ['zipcodes', 'movies', 'birdstrikes', 'flights'] as const;
const sampleFile = {
  zipcodes: 'zipcodes.csv',
  movies: 'movies.json',
  birdstrikes: 'birdstrikes.csv',
  flights: 'flights-200k.json',
} as const;

/** Columns that tell when or from where a row came, not what it holds. */
const ofTheLoad = new Set(['uuid_id', 'created_at', 'updated_at', 'extracted_at']);

/**
 * Runs the synthesized state machine with the bundled functions in child processes of the given Node.
 *
 * @param node  path of its executable
 */
export function testExecution(node: string): void {
  let api: SampleApi;
  let slow: TestServer;
  let slowCalls = 0;
  let service: Deployment;
  let reference: Awaited<ReturnType<typeof referenceRun>>;

  /** An API of twelve pages, two seconds each. */
  async function slowApi(): Promise<TestServer> {
    return await serve((request, response) => {
      const page = Number(new URL(request.url ?? '/', 'http://slow').searchParams.get('page') ?? '1');
      slowCalls += 1;
      setTimeout(() => {
        const results = Array.from({ length: 5 }, (_, index) => ({ id: page * 100 + index }));
        const next = page < 12 ? `/slow?page=${page + 1}` : null;
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ results, next }));
      }, 2_000);
    });
  }

  /** The sample pipelines, one twin of each file pipeline that objects start, and pipelines that fail in a stage each. */
  function config(): string {
    const landed = files.map(
      (name) => `  ${name}_landed:
    source_type: file
    file_path: s3://incoming/${name}/
    target_table: ${name}_landed
    format: ${path.extname(sampleFile[name]).slice(1)}
    trigger: { bucket: incoming, prefix: ${name}/, suffix: ${path.extname(sampleFile[name])} }
    ${name === 'zipcodes' ? 'key_columns: [zip_code]' : ''}
    ${
      name === 'birdstrikes'
        ? `business_rules:
      - { type: filter, condition: "cost_total > 0" }
      - { type: enrich, new_column: severity, logic: "CASE WHEN cost_total >= 100000 THEN 'severe' ELSE 'minor' END" }`
        : ''
    }`,
    );
    return sampleConfig(
      api.url,
      `${landed.join('\n')}
  slow: { source_type: api, endpoint: ${slow.url}/slow, target_table: slow, key_columns: [id] }
  gone: { source_type: api, endpoint: ${api.url}/nowhere, target_table: gone }
  misruled:
    source_type: api
    endpoint: users
    target_table: misruled
    business_rules: [{ type: filter, condition: "statuss == 'active'" }]
  misfit: { source_type: api, endpoint: users, target_table: misfit }
  strict: { source_type: api, endpoint: users, target_table: strict, columns: { first_name: bigint }, max_rejected_rows: 10 }
  told: { source_type: api, endpoint: users, target_table: told, key_columns: [user_id], notify: { on_success: true } }
  absent: { source_type: file, file_path: s3://incoming/absent.csv, target_table: absent }
  twice: { source_type: api, endpoint: users, target_table: twice, key_columns: [user_id], schedule: { rate: 1 hour } }
deploy:
  architecture: x86_64
  extract: { timeout_seconds: 10 }
  chunk_rows: 80000
  # The 11 MB of the flights are cleaned in pieces and loaded by a distributed map, and the other files are not.
  scatter_above_mb: 5
`,
    );
  }

  beforeAll(async () => {
    api = await startSampleApi(0);
    slow = await slowApi();
    const text = config();
    service = await deploy({ config: text, node });
    await service.aws.createBucket('incoming');
    expect(await service.bootstrap('Create')).toMatchObject({ Status: 'SUCCESS' });
    reference = await referenceRun(text, ['users', 'strict', ...files]);
  }, 240_000);

  afterAll(async () => {
    await service?.close();
    await reference?.target.remove();
    await slow?.close();
    await api?.close();
  });

  /** Everything a table holds, in one order, without what differs from load to load. */
  async function rowsOf(target: LocalTarget, table: string): Promise<readonly string[]> {
    const columns = await target.sql<{ column_name: string }[]>`
    SELECT column_name FROM information_schema.columns WHERE table_name = ${table} ORDER BY ordinal_position`;
    const kept = columns.map((column) => column.column_name).filter((name) => !ofTheLoad.has(name));
    expect(kept.length).toBeGreaterThan(0);
    const rows = await target.sql.unsafe<{ line: string }[]>(
      `SELECT md5(ROW(${kept.map((name) => `"${name}"`).join(', ')})::text) AS line FROM ${table}`,
    );
    return rows.map((row) => row.line).sort();
  }

  async function logOf(target: LocalTarget, pipeline: string) {
    return await target.sql`
    SELECT status, processed_records, rows_read, rows_filtered, rows_deduplicated, rows_rejected, rows_loaded,
           rows_inserted, rows_updated, rows_unchanged, stage, error_code, error_message
      FROM etl_execution_log WHERE pipeline_name = ${pipeline} ORDER BY start_time`;
  }

  /** Chunk by chunk: rows without a key have other ids where S3 names their source, and other batches with them. */
  async function ledgerOf(target: LocalTarget, pipeline: string) {
    return await target.sql`
    SELECT l.chunk, count(*) AS batches, sum(l.rows_loaded) AS rows_loaded, sum(l.rows_inserted) AS rows_inserted,
           max(l.rows_loaded) <= 2000 AS small FROM etl_load_ledger l
      JOIN etl_execution_log e ON e.run_id = l.run_id AND e.pipeline_name = ${pipeline} GROUP BY l.chunk ORDER BY l.chunk`;
  }

  const plain = (rows: readonly object[]): unknown => JSON.parse(JSON.stringify(rows));

  describe('every sample pipeline', () => {
    it.each(['users', ...files])(
      '%s leaves the rows, log and ledger that etl run leaves, from schedule input',
      async (name) => {
        const outcome = await service.execute({ pipeline: name, trigger: 'schedule', event_id: `schedule:${name}` });
        expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
        expect(outcome.mapRuns.map(({ counts, state }) => [state, counts.succeeded])).toEqual(
          name === 'flights'
            ? [
                ['Survey', 1],
                ['Clean', 1],
                ['Gather', 1],
                ['Load distributed', 2],
              ]
            : [],
        );
        expect(await rowsOf(service.target, name)).toEqual(await rowsOf(reference.target, name));
        expect(plain(await logOf(service.target, name))).toEqual(plain(await logOf(reference.target, name)));
        expect(plain(await ledgerOf(service.target, name))).toEqual(plain(await ledgerOf(reference.target, name)));
      },
      120_000,
    );

    it.each(files)(
      '%s started from the console over the same content loads nothing',
      async (name) => {
        const outcome = await service.execute({ pipeline: name });
        expect(outcome).toMatchObject({ status: 'SUCCEEDED', output: { next: 'nothing' } });
        expect(JSON.stringify(outcome.output)).toContain('The same content was loaded by run');
        expect(await rowsOf(service.target, name)).toHaveLength((await rowsOf(reference.target, name)).length);
      },
      60_000,
    );

    it.each(files)(
      '%s started by its object landing in S3, twice, is loaded once',
      async (name) => {
        const key = `${name}/${sampleFile[name]}`;
        await service.aws.putObject(
          'incoming',
          key,
          readFileSync(`node_modules/vega-datasets/data/${sampleFile[name]}`),
        );
        const event = {
          source: 'aws.s3',
          'detail-type': 'Object Created',
          time: '2026-01-01T00:00:00Z',
          detail: {
            version: '0',
            bucket: { name: 'incoming' },
            object: { key, size: 1, etag: 'x', sequencer: `0062${name}` },
          },
        };
        expect(await service.emit(event)).toEqual([]);
        const [first, ...more] = await service.settle();
        expect(first?.error ?? first?.status, first?.cause).toBe('SUCCEEDED');
        expect(more).toEqual([]);
        await service.emit(event);
        expect(await service.settle()).toEqual([]);
        expect(await rowsOf(service.target, `${name}_landed`)).toEqual(await rowsOf(reference.target, name));
      },
      120_000,
    );

    it('all objects below a prefix are loaded when a pipeline is started by hand', async () => {
      const outcome = await service.execute({ pipeline: 'birdstrikes_landed', again: true });
      expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
      expect(await rowsOf(service.target, 'birdstrikes_landed')).toEqual(await rowsOf(reference.target, 'birdstrikes'));
    }, 120_000);

    it('an object that lands while its pipeline is busy is loaded when the run under way has ended, and a schedule is skipped', async () => {
      const lease = JSON.stringify({
        holder: 'other',
        run_id: 'other',
        host: 'x',
        pid: 0,
        expires_at: new Date(Date.now() + 600_000),
      });
      await service.target
        .sql`UPDATE etl_state SET lease = ${lease}::text::jsonb WHERE pipeline_name = 'movies_landed'`;
      expect(await service.execute({ pipeline: 'movies_landed', trigger: 'schedule' })).toMatchObject({
        output: { next: 'nothing' },
      });
      const key = 'movies/more.json';
      await service.aws.putObject('incoming', key, '[{"Title": "One more", "US Gross": 1}]');
      await service.emit({
        source: 'aws.s3',
        'detail-type': 'Object Created',
        time: '2026-01-01T00:00:00Z',
        detail: { bucket: { name: 'incoming' }, object: { key, size: 10, sequencer: '01' } },
      });
      expect(await service.settle()).toEqual([]);
      await service.target.sql`UPDATE etl_state SET lease = NULL WHERE pipeline_name = 'movies_landed'`;
      // The last thing that the run under way does.
      await service.hosts.collect?.invoke({ action: 'next', pipeline: 'movies_landed' });
      const outcomes = await service.settle();
      expect(outcomes.map(({ status }) => status)).toEqual(['SUCCEEDED']);
      expect(await service.target.sql`SELECT count(*) AS n FROM movies_landed WHERE title = 'One more'`).toMatchObject([
        { n: '1' },
      ]);
    }, 120_000);

    it('a run that was told to wait looks again until its pipeline is free', async () => {
      const lease = JSON.stringify({
        holder: 'other',
        run_id: 'other',
        host: 'x',
        pid: 0,
        expires_at: new Date(Date.now() + 600_000),
      });
      await service.target.sql`UPDATE etl_state SET lease = ${lease}::text::jsonb WHERE pipeline_name = 'users'`;
      let looks = 0;
      service.before.set('Start', async () => {
        looks += 1;
        if (looks === 3) await service.target.sql`UPDATE etl_state SET lease = NULL WHERE pipeline_name = 'users'`;
      });
      const outcome = await service.execute({ pipeline: 'users', wait: true });
      service.before.clear();
      expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
      expect(outcome.waitedSeconds).toEqual([30, 30]);
    }, 60_000);

    it('a prefix lets what lies there wait, and what was loaded is not loaded again', async () => {
      const outcome = await service.execute({ pipeline: 'zipcodes_landed', prefix: 'zipcodes/' });
      expect(outcome).toMatchObject({ status: 'SUCCEEDED', output: { next: 'nothing' } });
      expect(outcome.path).toContain('List');
      expect(await rowsOf(service.target, 'zipcodes_landed')).toEqual(await rowsOf(reference.target, 'zipcodes'));
      expect(await service.settle()).toEqual([]);
    }, 60_000);

    it('an object outside of prefix and suffix starts nothing', async () => {
      const event = (key: string) => ({
        source: 'aws.s3',
        'detail-type': 'Object Created',
        detail: { bucket: { name: 'incoming' }, object: { key } },
      });
      await service.emit(event('elsewhere/zipcodes.csv'));
      await service.emit(event('zipcodes/readme.txt'));
      expect(await service.settle()).toEqual([]);
    });

    it('users started from the console again finds all rows unchanged', async () => {
      const outcome = await service.execute({ pipeline: 'users', run_id: 'by-hand-1' });
      expect(outcome).toMatchObject({ status: 'SUCCEEDED', output: { run_id: 'by-hand-1', rows_loaded: 600 } });
      expect((await logOf(service.target, 'users')).at(-1)).toMatchObject({
        rows_unchanged: '600',
        rows_inserted: '0',
      });
    });

    it('a schedule that fires twice for one time starts one run', async () => {
      const input = { pipeline: 'twice', trigger: 'schedule', event_id: 'schedule:2025-01-01T00:00:00Z' };
      expect((await service.execute(input)).path).toContain('Extract');
      expect((await service.execute(input)).path).not.toContain('Extract');
    });
  });

  describe('deadlines and deaths', () => {
    it('an API that takes longer than a function may is extracted over three calls or more, every page once', async () => {
      const before = service.hosts.extract?.invocations ?? 0;
      const outcome = await service.execute({ pipeline: 'slow' });
      expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
      expect((service.hosts.extract?.invocations ?? 0) - before).toBeGreaterThanOrEqual(3);
      expect(slowCalls).toBe(12);
      expect(await service.target.sql`SELECT count(*) AS n, count(DISTINCT id) AS ids FROM slow`).toMatchObject([
        { n: '60', ids: '60' },
      ]);
    }, 120_000);

    it('a function killed while it loads is called again, and no row is lost or doubled', async () => {
      const load = service.hosts.load;
      let kills = 0;
      if (load !== undefined) {
        load.killAfterMs = (event) => {
          const { action, from } = event as { readonly action: string; readonly from?: number };
          if (action !== 'load' || from !== 1 || kills >= 1) return undefined;
          kills += 1;
          return 400;
        };
      }
      const outcome = await service.execute({ pipeline: 'flights', again: true });
      if (load !== undefined) load.killAfterMs = () => undefined;
      expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
      expect(kills).toBe(1);
      expect(outcome.waitedSeconds.length).toBeGreaterThanOrEqual(1);
      expect(await rowsOf(service.target, 'flights')).toEqual(await rowsOf(reference.target, 'flights'));
    }, 120_000);

    it('a child execution that fails tells log and notice why, and the next run finishes it', async () => {
      await service.messages();
      service.before.set('Load chunks (distributed)', () => {
        throw new StatesError('Runtime.OutOfMemory', 'gone');
      });
      const outcome = await service.execute({ pipeline: 'flights', again: true });
      service.before.clear();
      expect(outcome).toMatchObject({ status: 'FAILED', error: 'Runtime.OutOfMemory' });
      expect(outcome.mapRuns.at(-1)?.counts.failed).toBeGreaterThan(0);
      const why = { pipeline: 'flights', stage: 'load', error_code: 'function_out_of_memory' };
      expect((await logOf(service.target, 'flights')).at(-1)).toMatchObject({ status: 'failed', stage: 'load' });
      expect(await service.messages()).toMatchObject([{ attributes: why }]);
      const next = await service.execute({ pipeline: 'flights', again: true });
      expect(next.error ?? next.status, next.cause).toBe('SUCCEEDED');
      expect(await rowsOf(service.target, 'flights')).toEqual(await rowsOf(reference.target, 'flights'));
    }, 240_000);

    it('conflicts beyond every ladder fail the run, and the next one finishes it', async () => {
      await service.messages();
      const stateDir = path.join(service.target.folder, 'state');
      service.before.set('Load chunks', async () => {
        await setLocalFaults(stateDir, { conflictShare: 1 });
      });
      service.before.set('Notify', async () => {
        await setLocalFaults(stateDir, {});
      });
      const outcome = await service.execute({ pipeline: 'movies', again: true });
      service.before.clear();
      await setLocalFaults(stateDir, {});
      expect(outcome).toMatchObject({ status: 'FAILED', error: 'ConflictRetriesExhaustedError' });
      // The article's ladder, full jitter: at most 1, 2 and 4 s.
      expect(outcome.waitedSeconds).toHaveLength(3);
      for (const [index, wait] of outcome.waitedSeconds.entries()) expect(wait).toBeLessThanOrEqual(2 ** index);
      expect((await logOf(service.target, 'movies')).at(-1)).toMatchObject({
        status: 'failed',
        stage: 'load',
        error_code: 'conflict_retries_exhausted',
      });
      expect(await service.messages()).toMatchObject([
        { attributes: { pipeline: 'movies', stage: 'load', error_code: 'conflict_retries_exhausted' } },
      ]);
      const next = await service.execute({ pipeline: 'movies', again: true });
      expect(next.error ?? next.status, next.cause).toBe('SUCCEEDED');
      expect(await rowsOf(service.target, 'movies')).toEqual(await rowsOf(reference.target, 'movies'));
    }, 240_000);
  });

  describe('a failure', () => {
    const failing = [
      { stage: 'start', pipeline: 'absent', error: 'SourceFileNotFoundError', code: 'file_not_found' },
      { stage: 'extract', pipeline: 'gone', error: 'ApiStatusError', code: 'api_status' },
      { stage: 'transform', pipeline: 'misruled', error: 'BadRuleError', code: 'bad_rule' },
      { stage: 'load', pipeline: 'strict', error: 'TooManyRejectedError', code: 'too_many_rejected' },
      { stage: 'load', pipeline: 'misfit', error: 'TableMismatchError', code: 'table_mismatch' },
      { stage: 'record', pipeline: 'told', error: 'CountsMismatchError', code: 'counts_mismatch' },
    ] as const;

    it.each(failing)(
      'in $stage leaves a log row, a notice, and a failed execution',
      async ({ code, error, pipeline, stage }) => {
        await service.messages();
        await service.target.sql`CREATE TABLE IF NOT EXISTS misfit (id bigint PRIMARY KEY, note text)`;
        if (stage === 'record') {
          service.before.set('Record', async () => {
            await service.target.sql`DELETE FROM etl_load_ledger WHERE run_id IN
          (SELECT run_id FROM etl_execution_log WHERE pipeline_name = 'told')`;
          });
        }
        const outcome = await service.execute({ pipeline });
        service.before.clear();
        expect(outcome).toMatchObject({ status: 'FAILED', error });
        expect(outcome.cause).not.toMatch(/\n\s+at |errorMessage|\[/);
        const [row] = (await logOf(service.target, pipeline)).slice(-1);
        expect(row).toMatchObject({ status: 'failed', stage, error_code: code, error_message: outcome.cause });
        const [notice, ...more] = await service.messages();
        expect(more).toEqual([]);
        expect(notice).toMatchObject({
          attributes: { pipeline, status: 'failed', stage, error_code: code },
          body: { pipeline, stage, error_code: code, error_message: outcome.cause, deploy_stage: 'test' },
        });
        expect(notice?.subject).toBe(`[etl test] ${pipeline} failed in ${stage}: ${code}`);
        expect(notice?.body.console).toMatch(/^https:\/\/us-east-1\.console\.aws\.amazon\.com\/states\/.*execution:/);
        const [state] = await service.target.sql`SELECT lease FROM etl_state WHERE pipeline_name = ${pipeline}`;
        expect(state?.lease).toBeNull();
      },
      60_000,
    );

    it('for too many rejected rows keeps them, makes no table, and is logged as etl run logs it', async () => {
      const outcome = await service.execute({ pipeline: 'strict', again: true });
      expect(outcome).toMatchObject({ status: 'FAILED', error: 'TooManyRejectedError' });
      expect(outcome.path).not.toContain('Define');
      for (const { sql } of [service.target, reference.target]) {
        expect(await sql`SELECT tablename FROM pg_tables WHERE tablename = 'strict'`).toEqual([]);
      }
      const rejectedOf = async ({ sql }: LocalTarget) =>
        await sql`SELECT source, column_name, reason, row::text AS line FROM etl_rejected_row
         WHERE run_id = (SELECT max(run_id) FROM etl_execution_log WHERE pipeline_name = 'strict')
         ORDER BY source, line`;
      const rejected = await rejectedOf(service.target);
      expect(rejected.length).toBeGreaterThan(10);
      expect(plain(rejected)).toEqual(plain(await rejectedOf(reference.target)));
      const [row] = (await logOf(service.target, 'strict')).slice(-1);
      const [local] = await logOf(reference.target, 'strict');
      expect(local).toMatchObject({ status: 'failed', stage: 'load', error_code: 'too_many_rejected' });
      expect(plain([row ?? {}])).toEqual(plain([local ?? {}]));
      await service.messages();
    }, 60_000);

    it('of the same pipeline is told of when it succeeds, too', async () => {
      // The run before lost its ledger, and with it what tells that these rows are its own.
      await service.target.sql`DELETE FROM told`;
      const outcome = await service.execute({ pipeline: 'told', again: true });
      expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
      expect(await service.messages()).toMatchObject([
        { subject: '[etl test] told succeeded', attributes: { status: 'success' } },
      ]);
    }, 60_000);

    it.each([
      [{}, /pipeline/],
      [{ pipeline: 5 }, /pipeline/],
      [{ pipeline: 'userss' }, /Did you mean "users"/],
      ['users', /input/],
      [{ pipeline: 'users', agian: true }, /agian/],
      [{ pipeline: 'users', object: { bucket: 'b', key: 'k' } }, /reads no files/],
    ])('of the input %j is a sentence', async (input, words) => {
      const outcome = await service.execute(input);
      expect(outcome.status).toBe('FAILED');
      expect(['InvalidInputError', 'UnknownPipelineError']).toContain(outcome.error);
      expect(outcome.cause).toMatch(words);
      expect(outcome.cause).not.toContain('{"errorType"');
    });

    it('of notify itself is told plainly', async () => {
      await service.messages();
      const notify = service.hosts.notify;
      if (notify !== undefined) notify.killAfterMs = () => 1;
      const outcome = await service.execute({ pipeline: 'gone' });
      if (notify !== undefined) notify.killAfterMs = () => undefined;
      expect(outcome).toMatchObject({ status: 'FAILED' });
      expect(outcome.path).toContain('Notify plainly');
      expect(await service.messages()).toMatchObject([{ subject: 'ETL: a run failed, and the notice about it too' }]);
    }, 60_000);

    it('that no Catch sees, a run stopped by hand, is logged and told of through EventBridge', async () => {
      await service.messages();
      service.before.set('Transform', () => {
        throw new Error('stopped by hand');
      });
      await expect(service.execute({ pipeline: 'users' }, 'stopped-1')).rejects.toThrow('stopped by hand');
      service.before.clear();
      const [arn] = service.assembly
        .resources('AWS::StepFunctions::StateMachine')
        .map(([id]) => service.assembly.resolve({ Ref: id }));
      await service.emit({
        source: 'aws.states',
        'detail-type': 'Step Functions Execution Status Change',
        detail: {
          executionArn: service.executionArn('stopped-1'),
          stateMachineArn: arn,
          name: 'stopped-1',
          status: 'ABORTED',
          startDate: Date.now() - 5_000,
          input: '{"pipeline":"users"}',
        },
      });
      expect(
        await service.target.sql`SELECT status, error_code, stage FROM etl_execution_log WHERE run_id = 'stopped-1'`,
      ).toMatchObject([{ status: 'failed', error_code: 'run_aborted', stage: 'transform' }]);
      expect(await service.messages()).toMatchObject([
        { attributes: { pipeline: 'users', error_code: 'run_aborted' } },
      ]);
      const next = await service.execute({ pipeline: 'users' });
      expect(next.error ?? next.status, next.cause).toBe('SUCCEEDED');
    }, 60_000);
  });

  describe('the bootstrap resource', () => {
    it('answers an update, and a delete that takes access away and leaves the data', async () => {
      expect(await service.bootstrap('Update')).toMatchObject({
        Status: 'SUCCESS',
        PhysicalResourceId: 'dsql-etl-bootstrap',
      });
      const mapped = async () =>
        (await service.target.sql`SELECT arn FROM sys.iam_pg_role_mappings WHERE pg_role_name = 'dsql_etl'`).length;
      expect(await mapped()).toBe(7);
      expect(await service.bootstrap('Delete')).toMatchObject({ Status: 'SUCCESS' });
      expect(await mapped()).toBe(0);
      expect(await service.target.sql`SELECT count(*) > 0 AS kept FROM etl_execution_log`).toMatchObject([
        { kept: true },
      ]);
      expect(await service.bootstrap('Create')).toMatchObject({ Status: 'SUCCESS' });
      expect(await mapped()).toBe(7);
    });
  });

  describe('least privilege', () => {
    /** Actions that leave no trace in HTTP here, and why they are needed all the same. */
    const unseen: Readonly<Record<string, string>> = {
      'logs:CreateLogStream': 'Lambda itself writes the log',
      'logs:PutLogEvents': 'Lambda itself writes the log',
      'xray:PutTraceSegments': 'the X-Ray daemon sends what the tracer gives it',
      'xray:PutTelemetryRecords': 'the X-Ray daemon sends what the tracer gives it',
      'kms:GenerateDataKey': 'SNS asks for it in the name of who publishes to an encrypted topic',
      'kms:Decrypt': 'SNS asks for it in the name of who publishes to an encrypted topic',
      'sqs:SendMessage': 'Lambda and the Scheduler send what failed to the dead letter queue',
      'sqs:ReceiveMessage': 'Lambda receives messages in the name of the function',
      'sqs:DeleteMessage': 'Lambda deletes messages in the name of the function',
      'sqs:GetQueueAttributes': 'Lambda looks at the queue in the name of the function',
      'states:StartExecution': 'the Scheduler starts executions',
      'states:DescribeExecution': 'Step Functions follows the children of a distributed map in the name of the machine',
      'states:StopExecution': 'Step Functions stops the children of a distributed map that has failed',
      's3:GetObjectVersion': 'read instead of s3:GetObject where the source bucket keeps versions',
      's3:AbortMultipartUpload': 'ends an upload of more than 32 MiB that failed midway',
      's3:ListMultipartUploadParts': 'Step Functions writes large results of a distributed map in parts',
    };
    /** What Step Functions needs to deliver its own log and traces (Developer Guide, "Logging using CloudWatch Logs"). */
    const delivery = /^(logs:(Create|Delete|Get|List|Update)LogDeliver|logs:Describe|logs:PutResourcePolicy|xray:)/;

    const principalOf = (roleId: string): string =>
      Object.entries(service.functions).find(([, fn]) => fn.roleId === roleId)?.[0] ??
      (roleId.startsWith('Runs') ? 'machine' : roleId);
    const cluster = (): string =>
      grantsOf(service.assembly).find((grant) => grant.action === 'dsql:DbConnect')?.resource ?? '';

    /** The guard of the local DSQL has checked each token: DbConnectAdmin for admin, DbConnect for everyone else. */
    const connections = () =>
      Object.entries(service.functions).map(([principal, fn]) => ({
        principal,
        action: fn.environment.ETL_DSQL_USER === 'admin' ? 'dsql:DbConnectAdmin' : 'dsql:DbConnect',
        resource: cluster(),
      }));

    it('allows every call that was made, to the one who made it', () => {
      const grants = grantsOf(service.assembly);
      const calls = [...service.calls, ...connections()];
      expect(service.calls.length).toBeGreaterThan(300);
      const refused = calls.filter(
        (call) => !grants.some((grant) => principalOf(grant.role) === call.principal && allows(grant, call)),
      );
      expect(refused).toEqual([]);
    });

    it('grants nothing that was not used, but what is used out of sight', () => {
      const calls = [...service.calls, ...connections()];
      const idle = grantsOf(service.assembly).filter((grant) => {
        const principal = principalOf(grant.role);
        // Its pipeline fails before extract is called.
        if (grant.resource.includes('absent.csv')) return false;
        // Without it S3 says of an object that was deleted meanwhile that it is forbidden.
        if (['transform', 'scatter'].includes(principal) && grant.action === 's3:ListBucket') return false;
        // The large files of these pipelines are JSON documents, which are copied; `execution-scatter` reads others in pieces.
        if (principal === 'scatter' && /^arn:aws:s3:::(incoming|cdk-)/.test(grant.resource)) return false;
        // Step Functions reads what it has written of the results of a distributed map.
        if (principal === 'machine' && /^s3:GetObject .*results/.test(`${grant.action} ${grant.resource}`))
          return false;
        if (unseen[grant.action] !== undefined || (principal === 'machine' && delivery.test(grant.action)))
          return false;
        return !calls.some((call) => call.principal === principal && allows(grant, call));
      });
      expect(idle).toEqual([]);
    });

    it('lets bootstrap alone connect as admin, and nobody else create a table', async () => {
      const admins = grantsOf(service.assembly).filter((grant) => grant.action === 'dsql:DbConnectAdmin');
      expect(admins.map((grant) => principalOf(grant.role))).toEqual(['bootstrap']);
      const owners = await service.target.sql`SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'`;
      expect(owners).toMatchObject([{ tableowner: 'admin' }]);
    });
  });
}
