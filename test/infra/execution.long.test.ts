import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SampleApi, startSampleApi } from '../../examples/sample-api.ts';
import { type Deployment, deploy } from '../support/aws/deployment.ts';
import { sampleConfig } from '../support/aws/sample-config.ts';

let api: SampleApi;
let service: Deployment;

beforeAll(async () => {
  api = await startSampleApi(0);
  service = await deploy({ config: sampleConfig(api.url, 'deploy: { architecture: x86_64 }') });
  const answer = await service.bootstrap('Create');
  expect(answer).toMatchObject({ Status: 'SUCCESS' });
}, 180_000);

afterAll(async () => {
  await service?.close();
  await api?.close();
});

describe('the synthesized service', () => {
  it('runs a pipeline from console input', async () => {
    const outcome = await service.execute({ pipeline: 'users' });
    console.log(JSON.stringify(outcome, null, 1));
    for (const [name, host] of Object.entries(service.hosts)) if (host.log) console.log(name, host.log.slice(0, 3000));
    expect(outcome.status).toBe('SUCCEEDED');
  }, 120_000);
});
