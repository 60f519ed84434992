import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { shuffled } from '../support/cloudformation/deploy-order.ts';
import { sampleServices } from '../support/cloudformation/sample-services.ts';
import { deployAll, type StackToDeploy, stacksOf } from '../support/cloudformation/synthesized-stacks.ts';
import { endings, inventory, type TestAccount, tearDown, testAccount } from '../support/cloudformation/test-account.ts';

let home: TestAccount;

beforeAll(async () => {
  home = await testAccount();
}, 60_000);

afterAll(async () => {
  await home?.close();
});

beforeEach(() => {
  home = home.emptied();
});

const typesIn = (account: TestAccount): readonly string[] =>
  [...new Set(inventory(account.cloud).map((one) => one.split(' ')[0] ?? ''))].sort();

/** What stays of a service in production. */
const kept = ['AWS::DSQL::Cluster', 'AWS::KMS::Key', 'AWS::Logs::LogGroup', 'AWS::S3::Bucket'];

describe.each(sampleServices)('$name in stage $stage', ({ config, stage }) => {
  let stacks: readonly StackToDeploy[];

  beforeAll(() => {
    stacks = stacksOf({ folder: home.folder, config, stage });
  }, 60_000);

  it('is made in any order, does nothing when deployed again, and leaves what its stage keeps', async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      home.bootstrap.calls.length = 0;
      expect(endings(await deployAll(home.cloud, stacks, shuffled(seed)))).toEqual(stacks.map(() => 'CREATE_COMPLETE'));
      const roles = home.bootstrap.calls.flatMap(({ ResourceProperties }) => ResourceProperties.RoleArns);
      expect(roles.length).toBeGreaterThan(0);
      expect(await home.mappings()).toEqual(roles.sort());
      const again = await deployAll(home.cloud, stacks, shuffled(seed + 10));
      expect(again.flatMap(({ events }) => events)).toEqual([]);
      const guarded = stacks.filter(({ terminationProtection }) => terminationProtection);
      expect(guarded).toHaveLength(stage === 'prod' ? stacks.length : 0);
      expect(endings(await tearDown(home.cloud, stacks))).toEqual(stacks.map(() => 'DELETE_COMPLETE'));
      expect(await home.mappings()).toEqual([]);
    }
    expect(typesIn(home).filter((type) => stage !== 'prod' || !kept.includes(type))).toEqual([]);
  });
});

const everywhere = sampleServices.filter(({ name, stage }) =>
  ['service dev', 'company prod'].includes(`${name} ${stage}`),
);

describe.each(everywhere)('$name in stage $stage', ({ config, stage }) => {
  it('is undone wherever its first deployment fails, but for a protected cluster, and can be deployed again', async () => {
    const stacks = stacksOf({ folder: home.folder, config, stage });
    for (const stack of stacks) {
      for (const failing of Object.keys(stack.template.Resources)) {
        home = home.emptied();
        const region = home.cloud.region(stack.region);
        // Resources that come in another order than the template's meet the failure at another time.
        const pick = shuffled(failing.length);
        region.refuses = (id) => (id === failing ? 'no' : undefined);
        expect(endings(await deployAll(home.cloud, [stack], pick)), failing).toEqual(['ROLLBACK_COMPLETE: no']);
        const left = inventory(home.cloud);
        expect(
          left.filter((one) => stage !== 'prod' || !one.startsWith('AWS::DSQL::Cluster')),
          failing,
        ).toEqual([]);
        region.refuses = () => undefined;
        expect(endings(await deployAll(home.cloud, [stack], pick)), failing).toEqual(['CREATE_COMPLETE']);
        await tearDown(home.cloud, [stack]);
      }
    }
  });
});
