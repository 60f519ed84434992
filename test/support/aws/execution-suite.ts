import path from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { type SampleApi, startSampleApi } from '../../../examples/sample-api.ts';
import { serve, type TestServer } from '../http-server.ts';
import { type Deployment, deploy } from './deployment.ts';
import { testDeaths } from './execution/deaths.ts';
import { type Deployed, files, sampleFile } from './execution/deployed.ts';
import { testFailures } from './execution/failures.ts';
import { testPrivileges } from './execution/privileges.ts';
import { testSamplePipelines } from './execution/sample-pipelines.ts';
import { referenceRun } from './reference-run.ts';
import { sampleConfig } from './sample-config.ts';

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

  const deployed: Deployed = {
    get service() {
      return service;
    },
    get reference() {
      return reference;
    },
    slowCalls: () => slowCalls,
  };
  testSamplePipelines(deployed);
  testDeaths(deployed);
  testFailures(deployed);
  testPrivileges(deployed);
}
