import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Region, Stack } from '../support/cloudformation/cloud.ts';
import { shuffled } from '../support/cloudformation/deploy-order.ts';
import { previousRelease, releasedConfig } from '../support/cloudformation/sample-services.ts';
import { deleteStack, deployStack } from '../support/cloudformation/stack.ts';
import { deployAll, keptTemplate, type StackToDeploy, stacksOf } from '../support/cloudformation/synthesized-stacks.ts';
import { endings, type TestAccount, tearDown, testAccount } from '../support/cloudformation/test-account.ts';

const east = 'us-east-1';
const west = 'us-east-2';

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

/** A stack of the release before. */
function kept(name: string, region: string = east, pass = '', change?: (text: string) => string): StackToDeploy {
  const template = keptTemplate(previousRelease, `${pass}${name}`, change);
  return { name, region, template, folder: home.folder, terminationProtection: false };
}

const clusterIn = (region: Region) => region.all('AWS::DSQL::Cluster').map(({ ref }) => ref);

describe.each(['dev', 'prod'])('a service of the release before, in stage %s', (stage) => {
  it('is updated in any order, wherever that fails is as it was, and its cluster stays', async () => {
    const [stack] = stacksOf({ folder: home.folder, config: releasedConfig('service'), stage });
    if (stack === undefined) throw new Error('there is no stack');
    let undone = 0;
    for (const failing of Object.keys(stack.template.Resources)) {
      home = home.emptied();
      const region = home.cloud.region(east);
      await deployAll(home.cloud, [kept(stack.name)]);
      const [before, mapped, cluster] = [region.all(), await home.mappings(), clusterIn(region)];
      expect(mapped).toHaveLength(5);
      region.refuses = (id) => (id === failing ? 'no' : undefined);
      const [ending] = endings(await deployAll(home.cloud, [stack], shuffled(failing.length)));
      region.refuses = () => undefined;
      // What does not change cannot fail.
      if (ending !== 'UPDATE_COMPLETE') {
        undone += 1;
        expect(ending, failing).toBe('UPDATE_ROLLBACK_COMPLETE: no');
        expect(region.all(), failing).toEqual(before);
        expect(await home.mappings(), failing).toEqual(mapped);
        expect(endings(await deployAll(home.cloud, [stack])), failing).toEqual(['UPDATE_COMPLETE']);
      }
      expect(clusterIn(region)).toEqual(cluster);
      expect(await home.mappings()).toHaveLength(6);
      await tearDown(home.cloud, [stack]);
      expect(await home.mappings()).toEqual([]);
    }
    expect(undone).toBeGreaterThan(30);
  });
});

describe('services of one pipeline each, of the release before', () => {
  it('are held by their exports, and updated by naming the cluster for one deployment', async () => {
    const region = home.cloud.region(east);
    const former = ['dsql-etl-dev-cluster', 'dsql-etl-dev-orders', 'dsql-etl-dev-sales'].map((name) => kept(name));
    expect(endings(await deployAll(home.cloud, former))).toEqual(former.map(() => 'CREATE_COMPLETE'));
    const cluster = clusterIn(region);
    const mapped = (await home.mappings()).length;
    const stacks = stacksOf({ folder: home.folder, config: releasedConfig('isolation') });
    expect(endings(await deployAll(home.cloud, stacks))).toEqual([
      expect.stringMatching(/Export .* cannot be deleted as it is in use by dsql-etl-dev-orders/),
    ]);
    const hostname = region.all('AWS::DSQL::Cluster')[0]?.attributes.Endpoint ?? '';
    const named = stacksOf({
      folder: home.folder,
      config: `aurora_dsql: { hostname: ${hostname} }\n${releasedConfig('isolation')}`,
    });
    expect(named.map(({ name }) => name)).toEqual(['dsql-etl-dev-orders', 'dsql-etl-dev-sales']);
    expect(endings(await deployAll(home.cloud, named))).toEqual(named.map(() => 'UPDATE_COMPLETE'));
    expect(endings(await deployAll(home.cloud, stacks))).toEqual(stacks.map(() => 'UPDATE_COMPLETE'));
    expect(clusterIn(region)).toEqual(cluster);
    // One role more a service: that of collect.
    expect(await home.mappings()).toHaveLength(mapped + 2);
    expect(endings([await deleteStack(region, 'dsql-etl-dev-orders')])).toEqual(['DELETE_COMPLETE']);
    expect(
      endings(
        await tearDown(
          home.cloud,
          stacks.filter(({ name }) => !name.endsWith('orders')),
        ),
      ),
    ).toEqual(['DELETE_COMPLETE', 'DELETE_COMPLETE']);
    expect(await home.mappings()).toEqual([]);
  });
});

describe('a pair of Regions', () => {
  const names = [`dsql-etl-dev-cluster-${east}`, `dsql-etl-dev-cluster-${west}`] as const;
  const outputs = () => {
    const outputsOf = (region: string, name: string): Stack['outputs'] =>
      home.cloud.region(region).stacks.get(name)?.outputs ?? {};
    return { [names[0]]: outputsOf(east, names[0]), [names[1]]: outputsOf(west, names[1]) };
  };
  const synth = (active: string = east): readonly StackToDeploy[] =>
    stacksOf({
      folder: home.folder,
      config: releasedConfig('regions').replace('witness:', `active_region: ${active}, witness:`),
      clusters: outputs(),
    });
  const isCluster = ({ name }: StackToDeploy): boolean => name.includes('-cluster-');
  const together = async (stacks: readonly StackToDeploy[]) =>
    endings(await Promise.all(stacks.map((stack) => deployStack(home.cloud.region(stack.region), stack))));

  const first = (): readonly StackToDeploy[] => stacksOf({ folder: home.folder, config: releasedConfig('regions') });

  it('is made in two passes, of which the second needs both clusters at once', async () => {
    expect(endings(await deployAll(home.cloud, first()))).toEqual(['CREATE_COMPLETE', 'CREATE_COMPLETE']);
    const second = synth();
    expect(second.map(({ name }) => name)).toEqual([...names, `dsql-etl-dev-service-${east}`]);
    expect(endings(await deployAll(home.cloud, second))).toEqual([expect.stringMatching(/did not stabilize/)]);
    expect(await together(second.filter(isCluster))).toEqual(['UPDATE_COMPLETE', 'UPDATE_COMPLETE']);
    expect(endings(await deployAll(home.cloud, second))).toEqual([
      'UPDATE_COMPLETE',
      'UPDATE_COMPLETE',
      'CREATE_COMPLETE',
    ]);
    await tearDown(home.cloud, second);
  });

  it('moves its service while the first Region is down, and the former service is deleted when it is back', async () => {
    await deployAll(home.cloud, first());
    await together(synth().filter(isCluster));
    await deployAll(home.cloud, synth());
    home.cloud.region(east).down = true;
    const moved = synth(west).filter((stack) => !isCluster(stack));
    expect(moved.map(({ name, region }) => `${name} in ${region}`)).toEqual([
      `dsql-etl-dev-service-${west} in ${west}`,
    ]);
    expect(endings(await deployAll(home.cloud, moved))).toEqual(['CREATE_COMPLETE']);
    expect(await home.mappings()).toHaveLength(12);
    home.cloud.region(east).down = false;
    expect(endings([await deleteStack(home.cloud.region(east), `dsql-etl-dev-service-${east}`)])).toEqual([
      'DELETE_COMPLETE',
    ]);
    expect(await home.mappings()).toHaveLength(6);
    expect(endings(await deployAll(home.cloud, synth(west)))).toEqual([
      'UPDATE_COMPLETE',
      'UPDATE_COMPLETE',
      'UPDATE_COMPLETE',
    ]);
    await tearDown(home.cloud, synth(west));
    expect(await home.mappings()).toEqual([]);
  });

  it('of the release before is updated by its service first, and can be moved then', async () => {
    const began = names.map((name, index) => kept(name, [east, west][index], 'first-'));
    expect(endings(await deployAll(home.cloud, began))).toEqual(['CREATE_COMPLETE', 'CREATE_COMPLETE']);
    const arns = [east, west].map((region) => home.cloud.region(region).all('AWS::DSQL::Cluster')[0]?.ref ?? '');
    const placed = (text: string): string =>
      text.replaceAll('a'.repeat(26), arns[0] ?? '').replaceAll('b'.repeat(26), arns[1] ?? '');
    const peered = names.map((name, index) => kept(name, [east, west][index], 'second-', placed));
    expect(await together(peered)).toEqual(['UPDATE_COMPLETE', 'UPDATE_COMPLETE']);
    const service = kept(`dsql-etl-dev-service-${east}`, east, 'second-', placed);
    expect(endings(await deployAll(home.cloud, [service]))).toEqual(['CREATE_COMPLETE']);
    expect(endings(await deployAll(home.cloud, synth()))).toEqual([
      expect.stringMatching(/Export .* in use by dsql-etl-dev-service/),
    ]);
    const exclusively = synth().filter((stack) => !isCluster(stack));
    expect(endings(await deployAll(home.cloud, exclusively))).toEqual(['UPDATE_COMPLETE']);
    expect(endings(await deployAll(home.cloud, synth()))).toEqual([
      'UPDATE_COMPLETE',
      'UPDATE_COMPLETE',
      'UPDATE_COMPLETE',
    ]);
    home.cloud.region(east).down = true;
    expect(
      endings(
        await deployAll(
          home.cloud,
          synth(west).filter((stack) => !isCluster(stack)),
        ),
      ),
    ).toEqual(['CREATE_COMPLETE']);
    expect(await home.mappings()).toHaveLength(12);
  });
});
