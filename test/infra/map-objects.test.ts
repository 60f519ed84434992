import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { StatesError } from '../support/states-interpreter/errors.ts';
import { runMapMachine, task } from '../support/states-interpreter/map-machine.ts';
import { memoryObjects } from '../support/states-interpreter/memory-objects.ts';
import type { Task } from '../support/states-interpreter/walk.ts';

type Files = Readonly<Record<string, string | Buffer>>;

/** Outputs of children that give back their items, read from files of the bucket `store`. */
async function itemsOf(files: Files, Key: string, ReaderConfig: object, more: object = {}) {
  return await runMapMachine({
    objects: memoryObjects(Object.fromEntries(Object.entries(files).map(([name, body]) => [`store/${name}`, body]))),
    fields: {
      ItemReader: { Resource: 'arn:aws:states:::s3:getObject', ReaderConfig, Arguments: { Bucket: 'store', Key } },
      ...more,
    },
  });
}

describe('the item reader', () => {
  it('gives what a list of objects says of each, with the bucket as the source', async () => {
    const ItemReader = {
      Resource: 'arn:aws:states:::s3:listObjectsV2',
      ReaderConfig: { MaxItems: '{% $most %}' },
      Arguments: { Bucket: 'store', Prefix: 'in/' },
    };
    const outcome = await runMapMachine({
      objects: memoryObjects({ 'store/in/b': 'xx', 'store/in/a': 'x', 'store/in/c': '', 'store/other': '' }),
      fields: {
        ItemReader,
        ItemSelector: '{% $merge([$states.context.Map.Item.Value, {"s": $states.context.Map.Item.Source}]) %}',
      },
    });
    expect(outcome.output).toEqual([
      { Etag: '"0"', Key: 'in/a', LastModified: 1668699881, Size: 1, StorageClass: 'STANDARD', s: 'S3://store' },
      { Etag: '"0"', Key: 'in/b', LastModified: 1668699881, Size: 2, StorageClass: 'STANDARD', s: 'S3://store' },
    ]);
  });

  it('reads JSON, a node of it, JSON lines and what is compressed', async () => {
    const files = {
      'a.json': '[{"n":1},{"n":2}]',
      'b.json': '{"x/y":{"list":[3,4]}}',
      'c.jsonl': '{"n":5}\n\n{"n":6}\n',
      'd.jsonl.gz': gzipSync('7\n8'),
    };
    expect((await itemsOf(files, 'a.json', { InputType: 'JSON' })).output).toEqual([{ n: 1 }, { n: 2 }]);
    const pointed = await itemsOf(files, 'b.json', { InputType: 'JSON', ItemsPointer: '/x~1y/list' });
    expect(pointed.output).toEqual([3, 4]);
    expect((await itemsOf(files, 'c.jsonl', { InputType: 'JSONL' })).output).toEqual([{ n: 5 }, { n: 6 }]);
    expect((await itemsOf(files, 'd.jsonl.gz', { InputType: 'JSONL' })).output).toEqual([7, 8]);
    const source = await itemsOf(
      files,
      'a.json',
      { InputType: 'JSON' },
      {
        ItemSelector: '{% $states.context.Map.Item.Source %}',
      },
    );
    expect(source.output).toEqual(['S3://store/a.json', 'S3://store/a.json']);
  });

  it('reads CSV by the rules of the developer guide', async () => {
    const first = { InputType: 'CSV', CSVHeaderLocation: 'FIRST_ROW' };
    const text = 'a,b,c\r\n1,"x, ""y""\nz",\n2\n3,4,5,6\n"",\\"q\\\\ \\n\\,r,""\n';
    expect((await itemsOf({ f: text }, 'f', first)).output).toEqual([
      { a: '1', b: 'x, "y"\nz', c: '' },
      { a: '2', b: '', c: '' },
      { a: '3', b: '4', c: '5' },
      { a: '', b: '"q\\ n,r', c: '' },
    ]);
    const given = { InputType: 'CSV', CSVHeaderLocation: 'GIVEN', CSVHeaders: ['x', 'y'], CSVDelimiter: 'PIPE' };
    expect((await itemsOf({ f: '1|2\n3|4' }, 'f', given)).output).toEqual([
      { x: '1', y: '2' },
      { x: '3', y: '4' },
    ]);
    // The example of the guide.
    const example =
      'abc,123,"This has commas, a double quotation marks (""), and a newline (\n)",{""K"":""V""},"[1,2]"';
    const names = { InputType: 'CSV', CSVHeaderLocation: 'GIVEN', CSVHeaders: ['a', 'b', 'c', 'd', 'e'] };
    expect((await itemsOf({ f: example }, 'f', names)).output).toEqual([
      {
        a: 'abc',
        b: '123',
        c: 'This has commas, a double quotation marks ("), and a newline (\n)',
        d: '{"K":"V"}',
        e: '[1,2]',
      },
    ]);
  });

  it.each([[{ InputType: 'MANIFEST' }], [{ ManifestType: 'S3_INVENTORY' }]])(
    'reads the objects that an S3 inventory names: %j',
    async (config) => {
      const files = {
        'm/manifest.json': JSON.stringify({
          destinationBucket: 'arn:aws:s3:::store',
          fileFormat: 'CSV',
          fileSchema: 'Bucket, Key, Size',
          files: [{ key: 'm/1.csv.gz' }, { key: 'm/2.csv.gz' }],
        }),
        'm/1.csv.gz': gzipSync('"data","x.csv","7"\n"data","y.csv","8"\n'),
        'm/2.csv.gz': gzipSync('"data","z.csv","9"\n'),
      };
      expect((await itemsOf(files, 'm/manifest.json', config)).output).toEqual([
        { Bucket: 'data', Key: 'x.csv', Size: '7' },
        { Bucket: 'data', Key: 'y.csv', Size: '8' },
        { Bucket: 'data', Key: 'z.csv', Size: '9' },
      ]);
    },
  );

  it.each([
    ['is not there', { other: '' }, { InputType: 'JSON' }],
    ['is no JSON', { f: 'x' }, { InputType: 'JSON' }],
    ['is no list', { f: '5' }, { InputType: 'JSON' }],
    ['has no such node', { f: '{"a":1}' }, { InputType: 'JSON', ItemsPointer: '/b' }],
    ['has an item of more than 8 MB', { f: JSON.stringify(['x'.repeat(8_000_001)]) }, { InputType: 'JSON' }],
    [
      'has a header of more than 10 KiB',
      { f: `${'h'.repeat(10_241)}\n1` },
      { InputType: 'CSV', CSVHeaderLocation: 'FIRST_ROW' },
    ],
  ])('fails with States.ItemReaderFailed where the file %s', async (_, files, config) => {
    expect(await itemsOf(files as unknown as Files, 'f', config)).toMatchObject({
      status: 'FAILED',
      error: 'States.ItemReaderFailed',
    });
    const Catch = [{ ErrorEquals: ['States.ItemReaderFailed'], Next: 'Caught' }];
    expect(await itemsOf(files as unknown as Files, 'f', config, { Catch })).toMatchObject({ output: 'caught' });
  });

  it('refuses arguments that it does not know', async () => {
    const ItemReader = {
      Resource: 'arn:aws:states:::s3:listObjectsV2',
      Arguments: { Bucket: 'store', Delimiter: '/' },
    };
    await expect(runMapMachine({ objects: memoryObjects({ 'store/x': '' }), fields: { ItemReader } })).rejects.toThrow(
      /Delimiter/,
    );
  });
});

describe('the result writer', () => {
  const putObject = 'arn:aws:states:::s3:putObject';
  const runTask = async ({ args }: Task): Promise<unknown> => {
    if (args.in === 2) throw new StatesError('Boom', 'two');
    return [args.in, 'out'];
  };

  /** The files that a map over 0 to 3 writes, of which 2 fails, by their names. */
  async function written(ResultWriter: object, more: object = {}) {
    const objects = memoryObjects({ 'store/x': '' });
    const outcome = await runMapMachine({
      objects,
      runTask,
      states: { Work: { ...task, End: true } },
      fields: { Items: [0, 1, 2, 3], MaxConcurrency: 1, ResultWriter, ...more },
    });
    const files = new Map(
      [...objects.stored].map(([name, body]) => [name.split('/').slice(-1)[0] ?? '', String(body)] as const),
    );
    return { outcome, files, names: [...objects.stored.keys()] };
  }

  it('writes what has ended and what was never started with their metadata, and fails the map afterwards', async () => {
    const { files, names, outcome } = await written({
      Resource: putObject,
      Arguments: { Bucket: 'store', Prefix: 'r' },
    });
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'States.ExceedToleratedFailureThreshold' });
    const [run] = outcome.mapRuns;
    const id = run?.arn.split(':').at(-1);
    expect(names.slice(1)).toEqual(
      ['FAILED_0.json', 'PENDING_0.json', 'SUCCEEDED_0.json', 'manifest.json'].map((name) => `store/r/${id}/${name}`),
    );
    expect(JSON.parse(files.get('SUCCEEDED_0.json') ?? '')).toMatchObject([
      { Status: 'SUCCEEDED', Input: '0', Output: '[0,"out"]', InputDetails: { Included: true }, RedriveCount: 0 },
      { Status: 'SUCCEEDED', Input: '1', Output: '[1,"out"]' },
    ]);
    expect(JSON.parse(files.get('FAILED_0.json') ?? '')).toMatchObject([
      {
        Status: 'FAILED',
        Input: '2',
        Error: 'Boom',
        Cause: 'two',
        StateMachineArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:etl/Parts',
      },
    ]);
    expect(JSON.parse(files.get('PENDING_0.json') ?? '')).toEqual([
      { Input: '3', InputDetails: { Included: true }, Status: 'PENDING' },
    ]);
    expect(JSON.parse(files.get('manifest.json') ?? '')).toEqual({
      DestinationBucket: 'store',
      MapRunArn: run?.arn,
      ResultFiles: Object.fromEntries(
        ['FAILED', 'PENDING', 'SUCCEEDED'].map((status) => [
          status,
          [{ Key: `r/${id}/${status}_0.json`, Size: files.get(`${status}_0.json`)?.length }],
        ]),
      ),
    });
  });

  it('gives where the manifest is as the result', async () => {
    const writer = { Resource: putObject, Arguments: { Bucket: 'store' } };
    const { outcome } = await written(writer, { ToleratedFailureCount: 1 });
    const arn = outcome.mapRuns[0]?.arn ?? '';
    expect(outcome.output).toEqual({
      MapRunArn: arn,
      ResultWriterDetails: { Bucket: 'store', Key: `${arn.split(':').at(-1)}/manifest.json` },
    });
    const { files, outcome: none } = await written(writer, { Items: [] });
    expect(none.status).toBe('SUCCEEDED');
    expect(JSON.parse(files.get('manifest.json') ?? '')).toMatchObject({
      ResultFiles: { FAILED: [], PENDING: [], SUCCEEDED: [] },
    });
  });

  it.each([
    [
      'COMPACT',
      [
        [0, 'out'],
        [1, 'out'],
        [3, 'out'],
      ],
    ],
    ['FLATTEN', [0, 'out', 1, 'out', 3, 'out']],
  ])('gives outputs alone as %s, and what failed with its metadata', async (Transformation, expected) => {
    const tolerated = { ToleratedFailureCount: 1 };
    const stored = { Resource: putObject, Arguments: { Bucket: 'store' } };
    for (const OutputType of ['JSON', 'JSONL']) {
      const { files } = await written({ ...stored, WriterConfig: { Transformation, OutputType } }, tolerated);
      const body = files.get('SUCCEEDED_0.json') ?? '';
      const lines = OutputType === 'JSON' ? JSON.parse(body) : JSON.parse(`[${body.trim().replaceAll('\n', ',')}]`);
      expect(lines).toEqual(expected);
    }
    const { outcome } = await written({ WriterConfig: { Transformation } }, tolerated);
    const [failed] = (outcome.output as readonly unknown[]).filter(
      (one) => typeof one === 'object' && !Array.isArray(one),
    );
    expect(failed).toMatchObject({ Status: 'FAILED', Error: 'Boom' });
    expect((outcome.output as readonly unknown[]).filter((one) => one !== failed)).toEqual(expected);
  });

  it('fails with States.ResultWriterFailed where S3 refuses', async () => {
    const { outcome } = await written({ Resource: putObject, Arguments: { Bucket: 'elsewhere' } });
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'States.ResultWriterFailed' });
  });

  it('leaves out of the state what would be larger than a state may give', async () => {
    const large = { Items: Array.from({ length: 60 }, (_, index) => 10 + index) };
    const states = { Work: { ...task, Output: '{% $string($states.input) & $pad("", 5000, "x") %}', End: true } };
    const direct = await runMapMachine({ fields: large, states });
    expect(direct).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    const stored = { ResultWriter: { Resource: putObject, Arguments: { Bucket: 'store' } } };
    const outcome = await runMapMachine({
      objects: memoryObjects({ 'store/x': '' }),
      fields: { ...large, ...stored },
      states,
    });
    expect(outcome.status).toBe('SUCCEEDED');
  });
});
