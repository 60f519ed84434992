import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { shuffled } from '../support/cloudformation/deploy-order.ts';
import { previousRelease, releasedConfig } from '../support/cloudformation/sample-services.ts';
import { deleteStack } from '../support/cloudformation/stack.ts';
import { deployAll, keptTemplate, type StackToDeploy, stacksOf } from '../support/cloudformation/synthesized-stacks.ts';
import { endings, inventory, type TestAccount, tearDown, testAccount } from '../support/cloudformation/test-account.ts';

let home: TestAccount;
let stacks: readonly StackToDeploy[];
/** The same service as the release before made it. */
let former: readonly StackToDeploy[];

beforeAll(async () => {
  home = await testAccount();
  stacks = stacksOf({ folder: home.folder, config: releasedConfig('service') });
  former = stacks.map((stack) => ({ ...stack, template: keptTemplate(previousRelease, stack.name) }));
}, 60_000);

afterAll(async () => {
  await home?.close();
});

beforeEach(() => {
  home = home.emptied();
});

const rolesOf = (account: TestAccount): readonly string[] =>
  account.cloud
    .region('us-east-1')
    .all('AWS::IAM::Role')
    .filter(({ logicalId }) => /^Functions(?!Bootstrap)/.test(logicalId))
    .map(({ attributes }) => attributes.Arn ?? '')
    .sort();

describe('a service, as CloudFormation deploys it', () => {
  it('is made, lets the functions of its own connect, and leaves nothing when it is deleted', async () => {
    expect(endings(await deployAll(home.cloud, stacks, shuffled(1)))).toEqual(['CREATE_COMPLETE']);
    expect(rolesOf(home)).toHaveLength(6);
    expect(await home.mappings()).toEqual(rolesOf(home));
    expect((await deployAll(home.cloud, stacks)).flatMap(({ events }) => events)).toEqual([]);
    expect(endings(await tearDown(home.cloud, stacks))).toEqual(['DELETE_COMPLETE']);
    expect(await home.mappings()).toEqual([]);
    expect(inventory(home.cloud)).toEqual([]);
  });

  it('leaves nothing where its first deployment fails, and can be deployed again', async () => {
    const region = home.cloud.region('us-east-1');
    region.refuses = (id) => (id.startsWith('RunsMachine') ? 'no more state machines' : undefined);
    expect(endings(await deployAll(home.cloud, stacks))).toEqual(['ROLLBACK_COMPLETE: no more state machines']);
    expect(inventory(home.cloud)).toEqual([]);
    expect(await home.mappings()).toEqual([]);
    region.refuses = () => undefined;
    expect(endings(await deployAll(home.cloud, stacks))).toEqual(['CREATE_COMPLETE']);
    await tearDown(home.cloud, stacks);
  });

  it('of the release before is as it was where its update fails, and the same update succeeds later', async () => {
    const region = home.cloud.region('us-east-1');
    expect(endings(await deployAll(home.cloud, former))).toEqual(['CREATE_COMPLETE']);
    const [before, mapped] = [region.all(), await home.mappings()];
    expect(mapped).toHaveLength(5);
    region.refuses = (id) => (id.startsWith('RunsMachine') ? 'not now' : undefined);
    expect(endings(await deployAll(home.cloud, stacks))).toEqual(['UPDATE_ROLLBACK_COMPLETE: not now']);
    expect(region.all()).toEqual(before);
    expect(await home.mappings()).toEqual(mapped);
    region.refuses = () => undefined;
    expect(endings(await deployAll(home.cloud, stacks))).toEqual(['UPDATE_COMPLETE']);
    expect(await home.mappings()).toEqual(rolesOf(home));
    await tearDown(home.cloud, stacks);
  });

  it('is not deleted while runs have left files, until they are gone', async () => {
    await deployAll(home.cloud, stacks);
    const region = home.cloud.region('us-east-1');
    const [bucket] = region.all('AWS::S3::Bucket');
    home.cloud.objects.set(bucket?.ref ?? '', 3);
    expect(endings(await tearDown(home.cloud, stacks))).toEqual([
      `DELETE_FAILED: The following resource(s) failed to delete: [${bucket?.logicalId}]`,
    ]);
    expect(inventory(home.cloud)).toEqual([`AWS::S3::Bucket ${bucket?.logicalId}`]);
    home.cloud.objects.clear();
    expect(endings([await deleteStack(region, stacks[0]?.name ?? '')])).toEqual(['DELETE_COMPLETE']);
    expect(inventory(home.cloud)).toEqual([]);
  });
});
