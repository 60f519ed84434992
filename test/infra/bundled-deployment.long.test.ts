import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BundledFunctions, bundledFunctions } from '../support/cloudformation/bundled-bootstrap.ts';
import { releasedConfig } from '../support/cloudformation/sample-services.ts';
import { deployAll, type StackToDeploy, stacksOf } from '../support/cloudformation/synthesized-stacks.ts';
import { endings, type TestAccount, tearDown, testAccount } from '../support/cloudformation/test-account.ts';

let home: TestAccount;
let first: readonly StackToDeploy[];
let second: readonly StackToDeploy[];
let functions: BundledFunctions;

beforeAll(async () => {
  functions = bundledFunctions(() => [...first, ...second].map(({ folder }) => folder));
  home = await testAccount(functions.invoke);
  home.cloud.endpoint = home.target.hold.endpoint.hostname;
  const config = releasedConfig('service');
  first = stacksOf({ folder: home.folder, config, code: true });
  second = stacksOf({
    folder: home.folder,
    config: config.replace('target_table: landed', 'target_table: arrived'),
    code: true,
  });
}, 240_000);

afterAll(async () => {
  functions?.close();
  await home?.close();
});

it('the bundled bootstrap makes tables and access, mends them at every update, and takes access away', async () => {
  const { bootstrap, cloud, mappings, target } = home;
  const region = cloud.region('us-east-1');
  expect(endings(await deployAll(cloud, first))).toEqual(['CREATE_COMPLETE']);
  const before = await mappings();
  expect(before).toHaveLength(6);
  // What somebody took away by hand comes back with the update, also with one that fails.
  await target.sql.unsafe(`AWS IAM REVOKE dsql_etl FROM '${before[0]}'`);
  await target.sql.unsafe('DROP TABLE etl_watermark');
  region.refuses = (id) => (id.startsWith('RunsMachine') ? 'not now' : undefined);
  expect(endings(await deployAll(cloud, second))).toEqual(['UPDATE_ROLLBACK_COMPLETE: not now']);
  region.refuses = () => undefined;
  expect(await mappings()).toEqual(before);
  expect(endings(await deployAll(cloud, second))).toEqual(['UPDATE_COMPLETE']);
  expect(await mappings()).toEqual(before);
  expect(await target.sql`SELECT 1 FROM pg_tables WHERE tablename = 'etl_watermark'`).toHaveLength(1);
  expect(endings(await tearDown(cloud, second))).toEqual(['DELETE_COMPLETE']);
  expect(await mappings()).toEqual([]);
  const calls = bootstrap.calls.map(({ RequestType, answer }) => `${RequestType} ${answer?.Status}`);
  expect(calls).toEqual(['Create SUCCESS', 'Update SUCCESS', 'Update SUCCESS', 'Update SUCCESS', 'Delete SUCCESS']);
  expect(bootstrap.calls.every(({ admin }) => admin.now && admin.before !== false)).toBe(true);
});
