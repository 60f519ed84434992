import { afterAll, beforeAll, expect, it } from 'vitest';
import { type SampleApi, startSampleApi } from '../../examples/sample-api.ts';
import { type Deployment, deploy } from '../support/aws/deployment.ts';
import { sampleConfig } from '../support/aws/sample-config.ts';

let api: SampleApi;
let service: Deployment;

beforeAll(async () => {
  api = await startSampleApi(0);
  service = await deploy({ config: sampleConfig(api.url, 'deploy: { architecture: x86_64 }'), node: process.execPath });
  expect(await service.bootstrap('Create')).toMatchObject({ Status: 'SUCCESS' });
}, 180_000);

afterAll(async () => {
  await service?.close();
  await api?.close();
});

it.each([
  ['users', 600],
  ['zipcodes', 42_049],
  ['movies', 3201],
])(
  'the bundles load %s on the Node that runs this test, too',
  async (pipeline, rows) => {
    const outcome = await service.execute({ pipeline });
    expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
    const { rows_loaded, rows_rejected } = outcome.output as { rows_loaded: number; rows_rejected: number };
    expect(rows_loaded + (pipeline === 'users' ? 0 : rows_rejected)).toBeGreaterThanOrEqual(rows - 1);
  },
  60_000,
);
