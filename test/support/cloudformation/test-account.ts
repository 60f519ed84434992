import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { account } from '../aws/assembly.ts';
import { type LocalTarget, localTarget } from '../local-target.ts';
import { type Bootstrap, bootstrapCalls, bootstrapHere, type InvokeFunction } from './bootstrap-call.ts';
import { Cloud } from './cloud.ts';
import { deleteStack, type StackOutcome } from './stack.ts';
import type { StackToDeploy } from './synthesized-stacks.ts';

/** An account with nothing in it, whose clusters are one local DSQL. */
export interface TestAccount {
  readonly folder: string;
  readonly target: LocalTarget;
  readonly cloud: Cloud;
  readonly bootstrap: Bootstrap;
  /** ARNs of the roles that may connect by now, as often as they are mapped. */
  readonly mappings: () => Promise<readonly string[]>;
  /** The same account with nothing in it again; the cluster's tables stay. */
  readonly emptied: () => TestAccount;
  readonly close: () => Promise<void>;
}

/** @param invoke  calls the bootstrap function; without it its handler runs in this process */
export async function testAccount(invoke?: (target: LocalTarget) => InvokeFunction): Promise<TestAccount> {
  const folder = mkdtempSync(path.join(tmpdir(), 'etl-account-'));
  const target = await localTarget();
  const open = (): TestAccount => {
    const bootstrap = bootstrapCalls(invoke?.(target) ?? bootstrapHere(() => target));
    return {
      folder,
      target,
      bootstrap,
      cloud: new Cloud(account, bootstrap.call),
      mappings: async () => {
        const rows = await target.sql<{ arn: string }[]>`SELECT arn FROM sys.iam_pg_role_mappings ORDER BY 1`;
        return rows.map(({ arn }) => arn);
      },
      emptied: open,
      close: async () => {
        await target.remove();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  };
  return open();
}

/** Deletes stacks in the reverse of their order, after their protection was switched off by hand. */
export async function tearDown(cloud: Cloud, stacks: readonly StackToDeploy[]): Promise<readonly StackOutcome[]> {
  const outcomes: StackOutcome[] = [];
  for (const { name, region } of [...stacks].reverse()) {
    const place = cloud.region(region);
    const stack = place.stacks.get(name);
    if (stack !== undefined) place.stacks.set(name, { ...stack, terminationProtection: false });
    outcomes.push(await deleteStack(place, name));
  }
  return outcomes;
}

/** How operations ended: why they failed, or their status. */
export function endings(outcomes: readonly StackOutcome[]): readonly string[] {
  return outcomes.map(({ reason, status }) => (reason === undefined ? status : `${status}: ${reason}`));
}

/** What is in the account, by type and logical id. */
export function inventory(cloud: Cloud): readonly string[] {
  return cloud.regions.flatMap((region) => region.all().map(({ logicalId, type }) => `${type} ${logicalId}`)).sort();
}
