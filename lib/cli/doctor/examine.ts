import { existsSync } from 'node:fs';
import type { LoadedConfig } from '../../config/read-config.ts';
import type { AwsCredentials } from '../../dsql/connect.ts';
import { messageOf } from '../../errors.ts';
import { optionalConfig, stateFolder } from '../local/state-folder.ts';
import { findTarget } from '../target.ts';
import { type Checked, type Finding, fail, skip } from './finding.ts';
import { checkConfig, checkDisk, checkLocalDsql, checkNode, checkPackage, checkProxies } from './machine-checks.ts';
import { checkTarget } from './target-checks.ts';

/** Where a look is taken. */
export interface ExamineOptions {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly target?: string | undefined;
}

/**
 * Checks this machine, and the way to the target. Where there is neither a configuration, nor a local DSQL, nor a target that
 * is named, nothing is made, and the target is not checked.
 *
 * @param onChecked  is told of each finding as it is known
 */
export async function examine(
  options: ExamineOptions,
  onChecked: (checked: Checked) => void,
): Promise<readonly Checked[]> {
  const checks: Checked[] = [];
  const note = (checked: Checked): void => {
    checks.push(checked);
    onChecked(checked);
  };
  let loaded: LoadedConfig | undefined;
  const config = checkConfig(() => {
    loaded = optionalConfig(options.config, options.stage);
    return loaded;
  });
  const stateDir = stateFolder(loaded?.folder ?? process.cwd());
  const machine: readonly (readonly [string, () => Finding | Promise<Finding>])[] = [
    ['Node', () => checkNode(process.versions.node)],
    ['package', checkPackage],
    ['configuration', () => config],
    ['disk', () => checkDisk(stateDir)],
    ['proxies', checkProxies],
    ['local DSQL', () => checkLocalDsql(stateDir)],
  ];
  for (const [check, work] of machine) note({ check, ...(await work()) });
  const named = options.target !== undefined || loaded !== undefined || existsSync(stateDir);
  if (config.status === 'fail' || !named) {
    note({
      check: 'target',
      ...skip(named ? 'the configuration says where it is' : 'no configuration, and no --target'),
    });
    return checks;
  }
  try {
    const found = await findTarget(options.target, loaded?.config.aurora_dsql ?? {}, stateDir);
    try {
      for (const checked of await checkTarget(found, defaultChain)) note(checked);
    } finally {
      await found.release();
    }
  } catch (error) {
    note({ check: 'target', ...fail(messageOf(error), 'See --target and aurora_dsql in the configuration.') });
  }
  return checks;
}

async function defaultChain(): Promise<AwsCredentials> {
  const { defaultCredentials } = await import('../../aws/client-options.ts');
  return await defaultCredentials()();
}
