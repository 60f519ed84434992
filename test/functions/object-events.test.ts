import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { parseConfig } from '../../lib/config/read-config.ts';
import { whyNotLoaded } from '../../lib/extract/file/own-object.ts';
import { placesOf } from '../../lib/infra/source-buckets.ts';
import { allows } from '../support/aws/permissions.ts';
import { type BundledFunctions, bundledFunctions } from '../support/lambda/bundled-functions.ts';

vi.setConfig({ testTimeout: 120_000 });

const config = `pipelines:
  landed:
    source_type: file
    file_path: s3://incoming/in/
    format: csv
    target_table: landed
    trigger: { bucket: incoming, prefix: in/ }
  csvs:
    source_type: file
    file_path: s3://incoming/csvs/*.csv
    target_table: csvs
    trigger: { bucket: other, prefix: "r[1]*/$\{x}", suffix: .csv }
`;

const oddKeys = ['in/r[1].csv', 'in/*', 'in/{a,b}.csv', 'in/a+b c.csv', 'in/注文?.csv', 'in/a\nb.csv', 'in/${x}.csv'];
const startedSchema = z.object({ next: z.string(), reason: z.string().nullable(), run: z.unknown() });

let service: BundledFunctions;
let executions = 0;

beforeAll(async () => {
  service = await bundledFunctions(config);
  await service.create();
  await service.aws.createBucket('incoming');
  for (const key of ['in/', 'in/r1.csv', 'in/a.csv', 'in/b.csv', 'in/plain.csv', ...oddKeys]) {
    await service.aws.putObject('incoming', key, key.endsWith('/') ? '' : `id,key\n1,${JSON.stringify(key)}\n`);
  }
}, 60_000);

afterAll(async () => {
  await service?.close();
});

function execution() {
  executions += 1;
  const name = `event-${executions}`;
  return { id: `arn:aws:states:us-east-1:1:execution:etl:${name}`, name, start_time: '2025-01-01T00:00:00.000Z' };
}

async function start(input: object) {
  const begun = execution();
  const started = startedSchema.parse(await service.invoke('record', { action: 'start', execution: begun, input }));
  return { ...started, execution: begun };
}

let events = 0;

/** What Lambda gives collect for the event of an object: a message of the pipeline's queue. */
function message(key: string, object: object = {}, pipeline = 'landed') {
  events += 1;
  const detail = { bucket: { name: 'incoming' }, object: { key, size: 1, sequencer: String(events), ...object } };
  const time = `2026-01-01T00:00:${String(events % 60).padStart(2, '0')}Z`;
  return { messageId: `m${events}`, body: JSON.stringify({ pipeline, time, detail }) };
}

const waiting = { pipeline: 'landed', trigger: 's3', objects: 'waiting' };

/** Every object that is known, with what became of it. */
async function objects() {
  return await service.target.sql<{ object_key: string; status: string; reason: string | null }[]>`
    SELECT object_key, status, reason FROM etl_object WHERE pipeline_name = 'landed' ORDER BY event_time, sequencer`;
}

/** Ends a run with everything that it has taken, as if nothing had happened. */
async function forget(): Promise<void> {
  await service.target.sql`UPDATE etl_state SET lease = NULL`;
  await service.target.sql`DELETE FROM etl_object`;
  service.started();
}

/** Goes through the stages of a run up to its success, as the state machine does. */
async function finish(begun: ReturnType<typeof execution>, run: unknown): Promise<unknown> {
  const event = { execution: begun, input: waiting, run };
  await service.invoke('extract', event);
  await service.invoke('transform', event);
  await service.invoke('load', { ...event, action: 'admit' });
  await service.invoke('bootstrap', { ...event, action: 'define' });
  const { groups, warnings } = (await service.invoke('load', { ...event, action: 'prepare' })) as {
    readonly groups: readonly object[];
    readonly warnings: readonly string[];
  };
  for (const group of groups) await service.invoke('load', { ...event, action: 'load', ...group, conflict_retries: 0 });
  const rest = { conflict_retries: 0, warnings, rows_deleted: 0, verified: null };
  return await service.invoke('record', { ...event, action: 'success', ...rest });
}

describe('the event of an object', () => {
  it('with the key of a folder marker, of a file that is being written or of another place starts nothing', async () => {
    const keys = ['in/', 'in/2026/', '', 'elsewhere/a.csv', 'in/_SUCCESS', 'in/part-0.csv.tmp', 'in/.hidden'];
    const answer = await service.invoke('collect', { Records: keys.map((key) => message(key)) });
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(service.started()).toEqual([]);
    expect(await objects()).toEqual([]);
  });

  it('that cannot be read, or is of no pipeline, stays in the queue, and the others are noted', async () => {
    const odd = [
      { messageId: 'odd', body: 'no JSON' },
      message('in/a.csv', {}, 'unknown'),
      message('in/a.csv', {}, 'constructor'),
    ];
    const answer = await service.invoke('collect', { Records: [...odd, message('in/a.csv')] });
    expect(answer).toEqual({ batchItemFailures: odd.map(({ messageId }) => ({ itemIdentifier: messageId })) });
    expect(await objects()).toMatchObject([{ object_key: 'in/a.csv', status: 'waiting' }]);
    await forget();
  });

  it('is known again, however often it comes', async () => {
    const event = message('in/a.csv');
    await service.invoke('collect', { Records: [event, event] });
    await service.invoke('collect', { Records: [event] });
    expect(await objects()).toHaveLength(1);
    await forget();
  });

  it('whose object waits too long is told of by a metric, and its run is started from time to time', async () => {
    await service.invoke('collect', { Records: [message('in/a.csv')] });
    service.started();
    expect(await service.invoke('collect', { action: 'sweep' })).toEqual({ started: ['landed'] });
    expect(service.logOf('collect')).not.toContain('ObjectsOverdue');
    await service.target.sql`UPDATE etl_object SET noted_at = noted_at - interval '2 hours'`;
    await vi.waitFor(async () => {
      await service.invoke('collect', { action: 'sweep' });
      expect(service.logOf('collect')).toContain('"ObjectsOverdue":1');
    });
    await forget();
  });

  it.each([oddKeys])('whose keys have the characters of globs load these objects and no others', async (...keys) => {
    await service.invoke('collect', { Records: keys.map((key) => message(key)) });
    expect(service.started()).toMatchObject([{ input: waiting }]);
    const { execution: begun, next, run } = await start(waiting);
    expect({ next, run }).toMatchObject({ next: 'go', run: { objects: keys.length } });
    await service.invoke('extract', { execution: begun, input: waiting, run });
    const manifest = await service.aws.s3.send(
      new GetObjectCommand({ Bucket: service.stagingBucket, Key: `runs/${begun.name}/raw/manifest.json` }),
    );
    const { parts } = JSON.parse((await manifest.Body?.transformToString()) ?? '') as { parts: { source: string }[] };
    expect(parts.map(({ source }) => source)).toEqual(keys.map((key) => `s3://incoming/${key}`));
    await forget();
  });
});

describe('a burst of objects', () => {
  it('is loaded by one run, without what is gone, empty or loaded already, and what lands meanwhile by the next', async () => {
    for (const key of ['in/e.csv', 'in/f.csv']) await service.aws.putObject('incoming', key, `id,key\n7,${key}\n`);
    await service.aws.putObject('incoming', 'in/empty.csv', '');
    const keys = ['in/a.csv', 'in/gone.csv', 'in/b.csv', 'in/empty.csv', 'in/a.csv'];
    await service.invoke('collect', { Records: keys.map((key) => message(key)) });
    const first = await start(waiting);
    expect(first).toMatchObject({ next: 'go', run: { objects: 2 } });
    service.started();
    await service.invoke('collect', { Records: [message('in/e.csv')] });
    expect(service.started()).toEqual([]);
    expect(await start(waiting)).toMatchObject({ next: 'nothing' });
    expect(await finish(first.execution, first.run)).toMatchObject({ status: 'success', rows_loaded: 2 });
    expect(await service.invoke('collect', { action: 'next', pipeline: 'landed' })).toEqual({ started: true });
    expect(await objects()).toMatchObject([
      { object_key: 'in/a.csv', status: 'loaded' },
      { object_key: 'in/gone.csv', status: 'passed_over', reason: 'it was deleted before it was read' },
      { object_key: 'in/b.csv', status: 'loaded' },
      { object_key: 'in/empty.csv', status: 'passed_over', reason: 'it is empty' },
      { object_key: 'in/a.csv', status: 'loaded' },
      { object_key: 'in/e.csv', status: 'waiting' },
    ]);
    const [{ warnings } = {}] = await service.target.sql<{ warnings: string }[]>`
      SELECT warnings FROM etl_execution_log WHERE run_id = ${first.execution.name}`;
    expect(warnings?.split('\n')).toEqual([
      's3://incoming/in/gone.csv was not read: it was deleted before it was read.',
      's3://incoming/in/empty.csv was not read: it is empty.',
      's3://incoming/in/a.csv was not read: it was written again, and is read once.',
    ]);
    // The same content under a new event is recognised, where rows are only added.
    await service.invoke('collect', { Records: [message('in/b.csv')] });
    const second = await start(waiting);
    expect(second).toMatchObject({ next: 'go', run: { objects: 1 } });
    expect(await finish(second.execution, second.run)).toMatchObject({ status: 'success', rows_loaded: 1 });
    expect((await objects()).at(-1)).toMatchObject({
      status: 'passed_over',
      reason: `the same content was loaded by run ${first.execution.name}`,
    });
    expect(await service.target.sql`SELECT id, key FROM landed ORDER BY key`).toMatchObject([
      { key: 'in/a.csv' },
      { key: 'in/b.csv' },
      { key: 'in/e.csv' },
    ]);
    await forget();
  });
});

describe('an object that a caller names', () => {
  it.each(['elsewhere/a.csv', 'in/'])('is refused where it is not the pipeline’s: %j', async (key) => {
    const asked = start({ pipeline: 'landed', object: { bucket: 'incoming', key } });
    await expect(asked).rejects.toThrow(/is not the pipeline's: .*\[invalid_input\]/);
  });

  it('may lie where file_path or the trigger says', () => {
    const { csvs } = parseConfig(config, 'etl.yaml').pipelines;
    if (csvs === undefined) throw new Error('no pipeline');
    const verdicts = [
      ['incoming', 'csvs/a.csv'],
      ['incoming', 'csvs/deep/a.csv'],
      ['incoming', 'csvs/a.json'],
      ['other', 'r[1]*/${x}/a.csv'],
      ['other', 'r[1]*/${x}/_a.csv'],
      ['other', 'r1x/a.csv'],
      ['third', 'csvs/a.csv'],
    ].map(([bucket = '', key = '']) => whyNotLoaded(csvs, { bucket, key }) === undefined);
    expect(verdicts).toEqual([true, false, false, true, true, false, false]);
  });

  it('may be read by the role of the function where its prefix has characters that IAM reads as others', () => {
    const { csvs } = parseConfig(config, 'etl.yaml').pipelines;
    const keys = csvs === undefined ? [] : placesOf(csvs).map((place) => place.keys);
    expect(keys).toEqual(['csvs/*', 'r[1]${*}/*']);
    const grant = { role: 'extract', action: 's3:GetObject', resource: keys[1] ?? '' };
    const reads = (resource: string): boolean => allows(grant, { action: 's3:GetObject', resource });
    expect([reads('r[1]*/a.csv'), reads('r[1]x/a.csv'), reads('r1/a.csv')]).toEqual([true, false, false]);
  });
});
