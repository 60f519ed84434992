import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bucketObjects } from '../support/aws/bucket-objects.ts';
import { type LocalAws, localAws } from '../support/aws/local-aws.ts';
import type { AwsCall } from '../support/aws/recorder.ts';
import { StatesError } from '../support/states-interpreter/errors.ts';
import { execution, mapMachine, runMapMachine, task } from '../support/states-interpreter/map-machine.ts';
import { memoryObjects } from '../support/states-interpreter/memory-objects.ts';
import type { Task } from '../support/states-interpreter/walk.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
const calling = { Work: { ...task, End: true } };

/** Fails for the given items. */
const failingFor =
  (...failing: readonly unknown[]) =>
  async ({ args }: Task): Promise<unknown> => {
    if (failing.includes(args.in)) throw new StatesError('Boom', `item ${String(args.in)}`);
    return args.in;
  };

describe('a child execution of a distributed map', () => {
  it('has its item as input, a name and an ARN of its own, and no variables of the parent', async () => {
    const outcome = await runMapMachine({
      fields: { Items: ['a'] },
      states: {
        Say: {
          Type: 'Pass',
          Assign: { mine: '{% $states.input %}' },
          Output: { execution: '{% $states.context.Execution %}', parent: "{% $exists($lookup($, 'bucket')) %}" },
          Next: 'Child',
        },
        Child: { Type: 'Succeed', Output: '{% $merge([$states.input, {"mine": $mine}]) %}' },
      },
    });
    expect(outcome.output).toMatchObject([{ mine: 'a', parent: false, execution: { Input: 'a' } }]);
    const [{ execution: child }] = outcome.output as [{ execution: { Id: string; Name: string } }];
    expect(child.Id).toBe(`arn:aws:states:us-east-1:000000000000:execution:etl/Parts:${child.Name}`);
    expect(child.Name).not.toBe(execution.Name);
    expect(outcome.mapRuns[0]?.arn).toMatch(/^arn:aws:states:us-east-1:000000000000:mapRun:etl\/Parts:[0-9a-f-]{36}$/);
    expect(outcome.path).toEqual(['Begin', 'Map', 'End']);
  });

  it('has a history of its own: the parent has ten events of the map, whatever its items are', async () => {
    const one = await runMapMachine({ fields: { Items: [1] }, states: calling });
    const many = await runMapMachine({ fields: { Items: numbers(200) }, states: calling });
    expect(many.history.events).toBe(one.history.events);
    // Execution 2, Begin 2, Map 2 and 4 of the map and its run, End 2.
    expect(many.history.events).toBe(12);
    // Execution 2, Work 2 and 3 of the task.
    expect(many.mapRuns[0]?.history.events).toBe(7);
  });

  it('fails with more than 25,000 events where it is a Standard one, and after five minutes where it is an Express one', async () => {
    const fields = { Items: [0], ToleratedFailureCount: 1 };
    const inner = { Type: 'Map', Items: '{% [1..12500] %}', Next: 'Child' };
    const nothing = { ProcessorConfig: { Mode: 'INLINE' }, StartAt: 'One', States: { One: { Type: 'Succeed' } } };
    const states = { Many: { ...inner, ItemProcessor: nothing }, Child: { Type: 'Succeed' } };
    const standard = await runMapMachine({ fields, states });
    expect(standard.output).toMatchObject([{ Status: 'FAILED', Error: 'States.Runtime' }]);
    const waiting = { Wait: { Type: 'Wait', Seconds: 301, Next: 'Child' }, Child: { Type: 'Succeed' } };
    const express = await runMapMachine({ fields, states: waiting, type: 'EXPRESS' });
    expect(express.output).toMatchObject([{ Status: 'TIMED_OUT', Error: 'States.Timeout' }]);
    expect(express.waitedSeconds).toEqual([301]);
    expect(await runMapMachine({ fields, states: waiting })).toMatchObject({ output: [0] });
  });

  it('runs beside others as MaxConcurrency says, and beside all without it', async () => {
    const slow = async ({ args }: Task): Promise<unknown> => {
      await new Promise((resolve) => setImmediate(resolve));
      return args.in;
    };
    const [limited, free] = await Promise.all([
      runMapMachine({ fields: { Items: numbers(9), MaxConcurrency: '{% $most %}' }, states: calling, runTask: slow }),
      runMapMachine({ fields: { Items: numbers(90) }, states: calling, runTask: slow }),
    ]);
    expect(limited.mapRuns[0]?.mostAtOnce).toBe(2);
    expect(free.mapRuns[0]?.mostAtOnce).toBe(90);
    expect(limited.output).toEqual(numbers(9));
  });
});

describe('items of a distributed map', () => {
  it('are made over by ItemSelector with their place, value and source, and with variables of the parent', async () => {
    const ItemSelector = {
      i: '{% $states.context.Map.Item.Index %}',
      v: '{% $states.context.Map.Item.Value %}',
      from: '{% $states.context.Map.Item.Source %}',
      bucket: '{% $bucket %}',
    };
    const outcome = await runMapMachine({ fields: { ItemSelector }, input: ['x', 'y'] });
    expect(outcome.output).toEqual([
      { i: 0, v: 'x', from: 'STATE_DATA', bucket: 'store' },
      { i: 1, v: 'y', from: 'STATE_DATA', bucket: 'store' },
    ]);
  });

  it('are batched by number and bytes, with BatchInput beside Items', async () => {
    const batched = async (ItemBatcher: object, count: number) => {
      const outcome = await runMapMachine({ fields: { Items: numbers(count), ItemBatcher } });
      return outcome.output as readonly { readonly Items: readonly number[] }[];
    };
    expect(await batched({ MaxItemsPerBatch: '{% $most %}', BatchInput: { of: '{% $bucket %}' } }, 3)).toEqual([
      { BatchInput: { of: 'store' }, Items: [0, 1] },
      { BatchInput: { of: 'store' }, Items: [2] },
    ]);
    // The developer guide's example: 1,130 items by 100 are 12 batches.
    const sizes = (await batched({ MaxItemsPerBatch: 100 }, 1_130)).map(({ Items }) => Items.length);
    expect(sizes).toEqual([...numbers(11).map(() => 100), 30]);
    // [0,1] has 5 bytes.
    expect((await batched({ MaxInputBytesPerBatch: 5 }, 5)).map(({ Items }) => Items)).toEqual([[0, 1], [2, 3], [4]]);
    expect((await batched({ MaxInputBytesPerBatch: 5, MaxItemsPerBatch: 1 }, 2)).length).toBe(2);
  });

  it('may have 256 KiB, alone and in a batch', async () => {
    const objects = memoryObjects({ 'store/items.json': JSON.stringify(['x'.repeat(200_000), 'y'.repeat(300_000)]) });
    const ItemReader = {
      Resource: 'arn:aws:states:::s3:getObject',
      ReaderConfig: { InputType: 'JSON' },
      Arguments: { Bucket: 'store', Key: 'items.json' },
    };
    const Catch = [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }];
    for (const more of [{}, { ItemBatcher: { MaxItemsPerBatch: 1 } }]) {
      const outcome = await runMapMachine({ fields: { ItemReader, Catch, ...more }, objects });
      expect(outcome).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    }
    const ItemSelector = { length: '{% $length($states.context.Map.Item.Value) %}' };
    const outcome = await runMapMachine({ fields: { ItemReader, ItemSelector }, objects });
    expect(outcome.output).toEqual([{ length: 200_000 }, { length: 300_000 }]);
  });
});

describe('a distributed map whose children fail', () => {
  const states = calling;

  it('fails by default when one does, and starts no more; those that run come to their end', async () => {
    const ran: unknown[] = [];
    const outcome = await runMapMachine({
      fields: { Items: numbers(9), MaxConcurrency: 3 },
      states,
      runTask: async (one) => {
        ran.push(one.args.in);
        return await failingFor(1)(one);
      },
    });
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'States.ExceedToleratedFailureThreshold' });
    expect(outcome.mapRuns[0]?.counts).toMatchObject({ failed: 1, succeeded: ran.length - 1, pending: 9 - ran.length });
    expect(ran.length).toBeLessThan(9);
  });

  it.each([
    [{ ToleratedFailureCount: 2 }, 'SUCCEEDED'],
    [{ ToleratedFailureCount: 1 }, 'FAILED'],
    [{ ToleratedFailureCount: '{% $most %}' }, 'SUCCEEDED'],
    [{ ToleratedFailurePercentage: 50 }, 'SUCCEEDED'],
    [{ ToleratedFailurePercentage: 49 }, 'FAILED'],
    [{ ToleratedFailurePercentage: 100, ToleratedFailureCount: 1 }, 'FAILED'],
    [{ ToleratedFailurePercentage: 10, ToleratedFailureCount: 2 }, 'FAILED'],
  ])('with %j and two of four items failed ends as %s', async (tolerated, status) => {
    const fields = { Items: numbers(4), ...tolerated };
    expect(await runMapMachine({ fields, states, runTask: failingFor(0, 3) })).toMatchObject({ status });
  });

  it('counts all items of a batch as failed, and gives what failed with its error', async () => {
    const runTask = async ({ args }: Task): Promise<unknown> => {
      const { Items } = args.in as { readonly Items: readonly number[] };
      if (Items.includes(3)) throw new StatesError('Boom', 'three');
      return Items;
    };
    const fields = { Items: numbers(4), ItemBatcher: { MaxItemsPerBatch: 2 } };
    const two = await runMapMachine({ fields: { ...fields, ToleratedFailureCount: 2 }, states, runTask });
    expect(two.output).toMatchObject([[0, 1], { Status: 'FAILED', Error: 'Boom', Cause: 'three' }]);
    const one = await runMapMachine({ fields: { ...fields, ToleratedFailureCount: 1 }, states, runTask });
    expect(one).toMatchObject({ status: 'FAILED' });
  });

  it('is repeated as a whole by its Retry, in a new map run, and is caught', async () => {
    const fields = {
      Items: [0, 1],
      MaxConcurrency: 1,
      Retry: [{ ErrorEquals: ['States.ExceedToleratedFailureThreshold'], IntervalSeconds: 1, MaxAttempts: 1 }],
      Catch: [{ ErrorEquals: ['States.ALL'], Output: '{% $states.errorOutput.Error %}', Next: 'End' }],
    };
    const ran: unknown[] = [];
    const outcome = await runMapMachine({
      fields,
      states,
      runTask: async (one) => {
        ran.push(one.args.in);
        return await failingFor(1)(one);
      },
    });
    expect(outcome).toMatchObject({ status: 'SUCCEEDED', output: 'States.ExceedToleratedFailureThreshold' });
    expect(ran).toEqual([0, 1, 0, 1]);
    expect(new Set(outcome.mapRuns.map(({ arn }) => arn)).size).toBe(2);
  });
});

describe('the definition of a distributed map', () => {
  const getting = (ReaderConfig: object) => ({
    ItemReader: { Resource: 'arn:aws:states:::s3:getObject', ReaderConfig, Arguments: { Bucket: 'b', Key: 'k' } },
  });

  it.each([
    [{ ItemsPath: '$.x' }, /ItemsPath/],
    [{ TimeoutSeconds: 5 }, /TimeoutSeconds/],
    [{ ItemReader: { Resource: 'arn:aws:states:::s3:getObject', Parameters: {} } }, /Parameters/],
    [{ ItemReader: { Resource: 'arn:aws:states:::dynamodb:scan' } }, /dynamodb/],
    [getting({ InputType: 'PARQUET' }), /PARQUET/],
    [getting({ InputType: 'JSON', MaxItem: 5 }), /MaxItem/],
    [getting({}), /needs an InputType/],
    [getting({ InputType: 'CSV' }), /CSVHeaderLocation/],
    [getting({ InputType: 'CSV', CSVHeaderLocation: 'GIVEN' }), /CSVHeaders/],
    [getting({ InputType: 'JSONL', CSVDelimiter: 'TAB' }), /reads none/],
    [getting({ InputType: 'JSON', Transformation: 'LOAD_AND_FLATTEN' }), /flattens/],
    [getting({ InputType: 'CSV', ManifestType: 'S3_INVENTORY', CSVHeaderLocation: 'FIRST_ROW' }), /ManifestType/],
    [{ ...getting({ InputType: 'JSON' }), Items: [] }, /both/],
    [{ ItemBatcher: { BatchInput: {} } }, /maximum/],
    [{ ItemBatcher: { MaxItemsPerBatchPath: '$.x' } }, /MaxItemsPerBatchPath/],
    [{ ResultWriter: {} }, /empty/],
    [{ ResultWriter: { Resource: 'arn:aws:states:::s3:putObject' } }, /go together/],
    [{ ResultWriter: { WriterConfig: { OutputType: 'XML' } } }, /XML/],
    [{ Label: 'with blank' }, /label/],
    [{ Label: 'x'.repeat(41) }, /label/],
  ])('with %j is refused', async (fields, words) => {
    await expect(runMapMachine({ fields })).rejects.toThrow(words);
  });

  it.each([
    [{ Mode: 'DISTRIBUTED' }, /execution type/],
    [{ Mode: 'DISTRIBUTED', ExecutionType: 'FAST' }, /FAST/],
    [{ Mode: 'INLINE', ExecutionType: 'EXPRESS' }, /ExecutionType/],
    [{}, /mode/],
    [{ Mode: 'PARALLEL' }, /mode PARALLEL/],
  ])('with the processor %j is refused', async (ProcessorConfig, words) => {
    const fields = { ItemProcessor: { ProcessorConfig, StartAt: 'C', States: { C: { Type: 'Succeed' } } } };
    await expect(runMapMachine({ fields, label: false })).rejects.toThrow(words);
  });

  it('with a variable of the states around it is refused, and with one of its own is not', async () => {
    const using = (name: string) => ({ Child: { Type: 'Succeed', Output: `{% $${name} %}` } });
    await expect(runMapMachine({ fields: {}, states: using('bucket') })).rejects.toThrow(/\$bucket/);
    const own = {
      Set: { Type: 'Pass', Assign: { bucket: 'own' }, Next: 'Child' },
      ...using('bucket'),
    };
    expect(await runMapMachine({ fields: { Items: [1] }, states: own })).toMatchObject({ output: ['own'] });
    expect(await runMapMachine({ fields: { Items: [1] }, states: using('buckets') })).toMatchObject({
      status: 'FAILED',
    });
  });

  it('within an Express one, with a label or a state that is there already, is refused', async () => {
    const inner = mapMachine({ fields: { Label: 'Parts' } }).States.Map as object;
    const nested = { Inner: { ...inner, Next: 'Out' }, Out: { Type: 'Succeed' } };
    await expect(runMapMachine({ fields: {}, states: nested, type: 'EXPRESS' })).rejects.toThrow(/Express/);
    await expect(runMapMachine({ fields: {}, states: nested })).rejects.toThrow(/second label/);
    await expect(runMapMachine({ fields: {}, states: { Begin: { Type: 'Succeed' } } })).rejects.toThrow(/second state/);
  });
});

describe('a distributed map over S3', () => {
  let aws: LocalAws;
  beforeAll(async () => {
    aws = await localAws();
    await aws.createBucket('store');
    for (const name of ['b', 'a', 'c']) await aws.putObject('store', `parts/${name}.json`, JSON.stringify([name]));
  });
  afterAll(async () => await aws.close());

  it('lists, reads and writes it over HTTP, as calls of the state machine', async () => {
    const calls: AwsCall[] = [];
    const outcome = await runMapMachine({
      objects: bucketObjects(aws.s3, calls),
      fields: {
        ItemReader: {
          Resource: 'arn:aws:states:::s3:listObjectsV2',
          ReaderConfig: { InputType: 'JSON', Transformation: 'LOAD_AND_FLATTEN' },
          Arguments: { Bucket: '{% $bucket %}', Prefix: 'parts/' },
        },
        ResultWriter: {
          Resource: 'arn:aws:states:::s3:putObject',
          Arguments: { Bucket: '{% $bucket %}', Prefix: 'results' },
          WriterConfig: { Transformation: 'COMPACT', OutputType: 'JSON' },
        },
      },
    });
    expect(outcome).toMatchObject({ status: 'SUCCEEDED' });
    const { ResultWriterDetails: written } = outcome.output as { ResultWriterDetails: { Bucket: string; Key: string } };
    const objects = bucketObjects(aws.s3, []);
    const manifest = JSON.parse(String(await objects.get(written.Bucket, written.Key))) as {
      ResultFiles: { SUCCEEDED: [{ Key: string }] };
    };
    const [{ Key }] = manifest.ResultFiles.SUCCEEDED;
    expect(JSON.parse(String(await objects.get('store', Key)))).toEqual(['a', 'b', 'c']);
    expect(new Set(calls.map(({ action }) => action))).toEqual(
      new Set(['s3:ListBucket', 's3:GetObject', 's3:PutObject']),
    );
  });
});
