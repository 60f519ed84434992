import { readFileSync } from 'node:fs';
import path from 'node:path';
import { articleConfig } from '../article-config.ts';

/** A configuration that is deployed in tests. */
export interface SampleService {
  readonly name: string;
  readonly config: string;
  readonly stage: string;
}

const key = (letter: string): string =>
  `arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-${letter.repeat(12)}`;

/** Everything that a company may ask for, on an API by a schedule and objects by a trigger. */
const company = `
pipelines:
  sales: { source_type: file, file_path: s3://in-bucket/sales.csv, target_table: sales, schedule: { rate: 1 hour }, trigger: { bucket: in-bucket, prefix: in/ } }
  users: { source_type: api, endpoint: https://api.example.com/users, target_table: users, auth: { type: bearer, token: { secret: api/token } }, notify: { webhook: { secret: users/hook } } }
deploy:
  architecture: x86_64
  notify: { emails: [team@example.com], webhook: { secret: team/hook } }
  alarms: { dpu_a_day: 100000 }
  vpc: { subnets: [subnet-0a1b2c3d4e5f60718, subnet-0b2c3d4e5f6071829], security_groups: [sg-0c3d4e5f60718293a], all_functions: true }
  kms_keys: { staging: "${key('a')}", logs: "${key('b')}", environment: "${key('c')}", notices: "${key('d')}" }
  kms_key_arn: "${key('e')}"
  tags: { cost-center: "4711" }
  permissions_boundary: EtlBoundary
`;

/** A sample of the repository, with its files where they are. */
function example(file: string): string {
  return readFileSync(file, 'utf8')
    .replaceAll('../node_modules/', `${path.resolve('node_modules')}/`)
    .replace('file_path: people.csv', `file_path: ${path.resolve('examples/smoke/people.csv')}`)
    .replace(/^deploy:$/m, 'deploy:\n  architecture: x86_64');
}

/** The release that deployments are updated from, by its commit; see test/infra/releases/keep-release.mjs. */
export const previousRelease = 'd430527';

/** A configuration of test/infra/releases, which is also there as the release before made it. */
export function releasedConfig(name: 'service' | 'isolation' | 'regions'): string {
  return readFileSync(`test/infra/releases/${name}.yaml`, 'utf8').replace(
    '../../../examples/smoke/people.csv',
    path.resolve('examples/smoke/people.csv'),
  );
}

/** The article's configuration with a cluster that exists, which it names by a placeholder. */
function article(): string {
  return articleConfig({ baseUrl: 'https://api.example.com', salesFile: path.resolve('examples/smoke/people.csv') })
    .replace('your-cluster', 'abcdefghijklmnopqrstuvwxyz')
    .replace(/\}$/, ', "deploy": { "architecture": "x86_64" } }');
}

/** The samples that are deployed into one Region in one pass. */
export const sampleServices: readonly SampleService[] = [
  { name: 'examples', config: example('examples/etl.yaml'), stage: 'dev' },
  { name: 'examples', config: example('examples/etl.yaml'), stage: 'prod' },
  { name: 'smoke', config: example('examples/smoke/etl.yaml'), stage: 'dev' },
  { name: 'article', config: article(), stage: 'dev' },
  { name: 'company', config: company, stage: 'prod' },
  { name: 'service', config: releasedConfig('service'), stage: 'dev' },
  { name: 'isolation', config: releasedConfig('isolation'), stage: 'dev' },
  { name: 'isolation', config: releasedConfig('isolation'), stage: 'prod' },
];
