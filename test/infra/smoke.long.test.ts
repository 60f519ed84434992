import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { smoke } from '../../examples/smoke-checks.ts';
import { systemClock } from '../../lib/clock.ts';
import { type Deployment, deploy } from '../support/aws/deployment.ts';
import { environmentOf, type StepFunctionsServer, stepFunctionsServer } from '../support/aws/step-functions-server.ts';

let service: Deployment;
let aws: StepFunctionsServer;

beforeAll(async () => {
  const config = readFileSync('examples/smoke/etl.yaml', 'utf8')
    .replace('people.csv', path.resolve('examples/smoke/people.csv'))
    .replace('deploy:', 'deploy:\n  architecture: x86_64');
  service = await deploy({ config });
  expect(await service.bootstrap('Create')).toMatchObject({ Status: 'SUCCESS' });
  aws = await stepFunctionsServer({
    machine: 'dsql-etl-test',
    run: async (input, name) => await service.execute(input, name),
    groups: Object.keys(service.hosts).map(
      (fn) => `dsql-etl-test-Functions${fn[0]?.toUpperCase()}${fn.slice(1)}Log1-x`,
    ),
    lines: (group) => {
      const fn = /Functions(\w+)Log/.exec(group)?.[1]?.toLowerCase() ?? '';
      return (service.hosts[fn]?.log ?? '').split('\n').filter((line) => line.startsWith('{'));
    },
  });
}, 240_000);

afterAll(async () => {
  vi.unstubAllEnvs();
  await aws?.close();
  await service?.close();
});

it('the smoke pipeline of a deployment is loaded once, fails on purpose, and can be read about in the logs', async () => {
  for (const [name, value] of Object.entries(environmentOf(aws.url))) vi.stubEnv(name, value);
  const options = { config: 'examples/smoke/etl.yaml', stage: 'test' };
  const checks = await smoke(options, systemClock, () => undefined);
  expect(checks.filter(({ passed }) => !passed)).toEqual([]);
  expect(checks).toHaveLength(5);
  expect(await service.messages()).toMatchObject([{ attributes: { pipeline: 'smoke', error_code: 'invalid_input' } }]);
}, 240_000);
