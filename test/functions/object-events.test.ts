import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseConfig } from '../../lib/config/read-config.ts';
import { whyNotLoaded } from '../../lib/extract/file/own-object.ts';
import { placesOf } from '../../lib/infra/source-buckets.ts';
import { allows } from '../support/aws/permissions.ts';
import { type BundledFunctions, bundledFunctions } from '../support/lambda/bundled-functions.ts';

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

const oddKeys = ['in/r[1].csv', 'in/*', 'in/{a,b}.csv', 'in/a+b c.csv', 'in/注文?.csv', 'in/a\nb.csv', 'in/$\{x}.csv'];
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
  const started = startedSchema.parse(
    await service.invoke('record', { action: 'start', execution: begun, input }),
  );
  return { ...started, execution: begun };
}

const landing = (key: string) => ({
  pipeline: 'landed',
  trigger: 's3',
  detail: { bucket: { name: 'incoming' }, object: { key, sequencer: key } },
});

async function free(): Promise<void> {
  await service.target.sql`UPDATE etl_state SET lease = NULL`;
}

describe('the event of an object', () => {
  it.each(['in/', 'in/2026/', '', 'elsewhere/a.csv', 'in/_SUCCESS', 'in/part-0.csv.tmp', 'in/.hidden'])(
    'with the key %j starts nothing, and says why',
    async (key) => {
      expect(await start(landing(key))).toMatchObject({
        next: 'nothing',
        run: null,
        reason: expect.stringContaining(`s3://incoming/${key} is not loaded: `),
      });
    },
  );

  it.each(oddKeys)('with the key %j loads that object and no other', async (key) => {
    const { execution: begun, next, run } = await start(landing(key));
    expect(next).toBe('go');
    await service.invoke('extract', { execution: begun, input: landing(key), run });
    const manifest = await service.aws.s3.send(
      new GetObjectCommand({ Bucket: service.stagingBucket, Key: `runs/${begun.name}/raw/manifest.json` }),
    );
    const { parts } = JSON.parse((await manifest.Body?.transformToString()) ?? '') as { parts: { source: string }[] };
    expect(parts.map(({ source }) => source)).toEqual([`s3://incoming/${key}`]);
    await free();
  });

  it('that was deleted before it was read fails by its name, also where a glob of its name finds another', async () => {
    for (const key of ['in/gone.csv', 'in/r[2].csv', 'in/{a,c}.csv']) {
      const failed = await start(landing(key)).catch((error: unknown) => error as Error);
      expect(failed).toMatchObject({ message: expect.stringContaining(`There is no file s3://incoming/${key}`) });
      expect(failed).toMatchObject({ message: expect.stringContaining('[file_not_found]') });
      await free();
    }
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
      ['other', 'r[1]*/$\{x}/a.csv'],
      ['other', 'r[1]*/$\{x}/_a.csv'],
      ['other', 'r1x/a.csv'],
      ['third', 'csvs/a.csv'],
    ].map(([bucket = '', key = '']) => whyNotLoaded(csvs, { bucket, key }) === undefined);
    expect(verdicts).toEqual([true, false, false, true, true, false, false]);
  });

  it('may be read by the role of the function where its prefix has characters that IAM reads as others', () => {
    const { csvs } = parseConfig(config, 'etl.yaml').pipelines;
    const keys = csvs === undefined ? [] : placesOf(csvs).map((place) => place.keys);
    expect(keys).toEqual(['csvs/*', 'r[1]$\{*}/*']);
    const grant = { role: 'extract', action: 's3:GetObject', resource: keys[1] ?? '' };
    const reads = (resource: string): boolean => allows(grant, { action: 's3:GetObject', resource });
    expect([reads('r[1]*/a.csv'), reads('r[1]x/a.csv'), reads('r1/a.csv')]).toEqual([true, false, false]);
  });
});
