import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shuffled } from '../support/cloudformation/deploy-order.ts';
import { previousRelease } from '../support/cloudformation/sample-services.ts';
import { deployAll, keptTemplate, type StackToDeploy } from '../support/cloudformation/synthesized-stacks.ts';
import { endings, inventory, type TestAccount, tearDown, testAccount } from '../support/cloudformation/test-account.ts';

// Templates of today are deployed in the long suites of this folder; making them takes most of their time.
let home: TestAccount;
let stacks: readonly StackToDeploy[];

beforeAll(async () => {
  home = await testAccount();
  const name = 'dsql-etl-dev';
  const template = keptTemplate(previousRelease, name);
  stacks = [{ name, region: 'us-east-1', template, folder: home.folder, terminationProtection: false }];
}, 60_000);

afterAll(async () => {
  await home?.close();
});

describe('a service, as CloudFormation deploys it', () => {
  it('has its bootstrap called with what the template resolves to, and leaves nothing when it is deleted', async () => {
    expect(endings(await deployAll(home.cloud, stacks, shuffled(1)))).toEqual(['CREATE_COMPLETE']);
    const [call] = home.bootstrap.calls;
    const roles = (call?.ResourceProperties.RoleArns ?? []) as readonly string[];
    expect(call).toMatchObject({ RequestType: 'Create', answer: { Status: 'SUCCESS' }, admin: { now: true } });
    expect(await home.mappings()).toEqual([...roles].sort());
    expect((await deployAll(home.cloud, stacks)).flatMap(({ events }) => events)).toEqual([]);
    expect(endings(await tearDown(home.cloud, stacks))).toEqual(['DELETE_COMPLETE']);
    expect(await home.mappings()).toEqual([]);
    expect(inventory(home.cloud)).toEqual([]);
  });
});
