import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { account } from '../support/aws/assembly.ts';
import { Cloud } from '../support/cloudformation/cloud.ts';
import { shuffled } from '../support/cloudformation/deploy-order.ts';
import { deployAll, type StackToDeploy, stacksOf } from '../support/cloudformation/synthesized-stacks.ts';
import { endings } from '../support/cloudformation/test-account.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'etl-large-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** One pipeline of a kind, with names as long as people give them. */
const kinds = {
  triggered: (n: number) =>
    `{ source_type: file, file_path: "s3://incoming-bucket-of-company/pipeline-number-${n}/", target_table: t${n}, trigger: { bucket: incoming-bucket-of-company, prefix: pipeline-number-${n}/ } }`,
  'of a bucket each': (n: number) =>
    `{ source_type: file, file_path: "s3://incoming-bucket-of-company-${n}/pipeline-number-${n}/", target_table: t${n} }`,
  'of a secret each': (n: number) =>
    `{ source_type: api, endpoint: users, target_table: t${n}, auth: { type: bearer, token: { secret: production/etl/token-${n} } }, notify: { webhook: { secret: production/hook-${n} } } }`,
  scheduled: (n: number) => `{ source_type: api, endpoint: users, target_table: t${n}, schedule: { rate: 1 hour } }`,
} as const;

function synth(kind: keyof typeof kinds, count: number): readonly StackToDeploy[] {
  const pipelines = Array.from({ length: count }, (_, n) => `  p${n}: ${kinds[kind](n)}`);
  const config = `data_source: { base_url: "https://api.example.com" }\npipelines:\n${pipelines.join('\n')}\ndeploy: { architecture: x86_64 }\n`;
  return stacksOf({ folder, config });
}

describe('a configuration of many pipelines', () => {
  it.each([
    ['triggered', 85],
    ['of a bucket each', 150],
    ['of a secret each', 200],
    ['scheduled', 150],
  ] as const)('%s, %i of them, is deployed in any order', async (kind, count) => {
    const stacks = synth(kind, count);
    for (const seed of [1, 2, 3]) {
      const cloud = new Cloud(account, async () => ({ Status: 'SUCCESS', PhysicalResourceId: 'dsql-etl-bootstrap' }));
      expect(endings(await deployAll(cloud, stacks, shuffled(seed)))).toEqual(['CREATE_COMPLETE']);
    }
  });

  it.each([
    ['triggered', 100, /greater than allowed maximum of 500/],
    ['of a bucket each', 200, /a role would need \d+ policies.*isolation/s],
    ['scheduled', 190, /bytes, and CloudFormation takes 1000000.*isolation/s],
  ] as const)('%s, %i of them, is refused when it is synthesized', (kind, count, words) => {
    expect(() => synth(kind, count)).toThrow(words);
  });
});
