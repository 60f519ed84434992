import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FunctionName } from '../../lib/infra/function-names.ts';
import { retries } from '../../lib/infra/machine-retries.ts';
import { askCustomResource } from '../support/aws/custom-resource.ts';
import { type BundledFunctions, bundledFunctions } from '../support/lambda/bundled-functions.ts';
import { StatesError } from '../support/states-interpreter/errors.ts';

const config = 'pipelines: { a: { source_type: file, file_path: s3://in/a.csv, target_table: a } }';

let silent: Server;
let service: BundledFunctions;

/** A database that takes connections and never answers. */
beforeAll(async () => {
  silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  const dsqlPort = typeof address === 'object' && address !== null ? address.port : 0;
  service = await bundledFunctions(config, { timeoutSeconds: 20, dsqlPort });
}, 120_000);

afterAll(async () => {
  await service?.close();
  silent?.close();
});

const execution = {
  id: 'arn:aws:states:us-east-1:1:execution:etl:e',
  name: 'e',
  start_time: '2025-01-01T00:00:00.000Z',
};
const run = {
  run_id: 'e',
  trigger: 'console',
  start_time: execution.start_time,
  resumed: false,
  repeated: false,
  epoch: 1,
};
const stage = { execution, input: { pipeline: 'a' }, run };
const events: readonly (readonly [FunctionName, object])[] = [
  ['record', { action: 'start', execution, input: { pipeline: 'a' } }],
  ['record', { ...stage, action: 'success', conflict_retries: 0, warnings: [], rows_deleted: 0, verified: null }],
  ['extract', stage],
  ['transform', stage],
  ['scatter', { ...stage, action: 'split' }],
  ['scatter', { ...stage, action: 'clean', job: '0123456789abcdef', done: 0, items: [0, 1] }],
  ['load', { ...stage, action: 'admit' }],
  ['load', { ...stage, action: 'load', from: 0, to: 1, conflict_retries: 0, waits: 0 }],
  ['bootstrap', { ...stage, action: 'define' }],
];

describe('a function whose database never answers', () => {
  it.concurrent.each(events)(
    '%s ends in time with an error that the state machine repeats: %j',
    async (name, event) => {
      const error = await service.invoke(name, event).then(
        () => new Error('the call succeeded'),
        (thrown: unknown) => thrown as Error,
      );
      expect(error).toBeInstanceOf(StatesError);
      expect(retries.flatMap(({ ErrorEquals }) => ErrorEquals)).toContain((error as StatesError).error);
      expect((error as StatesError).error).toMatch(/^(FunctionOutOfTime|StageInterrupted)Error$/);
      expect(service.hosts[name].leastLeftMs).toBeGreaterThan(100);
    },
    120_000,
  );

  it.concurrent('notify tells of a failure that it cannot log', async () => {
    const error = { Error: 'BadRuleError', Cause: JSON.stringify({ errorMessage: 'A rule. [bad_rule]' }) };
    await service.invoke('notify', { ...stage, action: 'failure', stage: 'transform', error });
    expect(await service.messages()).toMatchObject([{ subject: '[etl test] a failed in transform: bad_rule' }]);
  }, 120_000);

  it.concurrent('bootstrap tells CloudFormation so, once, and ends without an error', async () => {
    const { answers, error } = await askCustomResource(async (event) => await service.invoke('bootstrap', event), {
      RequestType: 'Create',
      ResourceProperties: { RoleArns: ['arn:aws:iam::111122223333:role/load'] },
    });
    expect(error).toBeUndefined();
    expect(answers).toMatchObject([{ Status: 'FAILED', Reason: expect.stringContaining('ran out of time') }]);
  }, 120_000);
});
