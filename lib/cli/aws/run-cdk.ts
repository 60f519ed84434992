import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { z } from 'zod';
import { findConfig } from '../../config/read-config.ts';
import { TerminalError } from '../../errors.ts';
import { packageFolder } from '../../package-folder.ts';
import type { ExitStatus } from '../exit-status.ts';

/** The options of `etl synth` and `etl deploy`. */
export interface DeployOptions {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  readonly yes?: boolean | undefined;
}

/** Deployments need packages that loading does not, and that are not installed with this one. */
export class CdkMissingError extends TerminalError {
  override readonly name = 'CdkMissingError';
  readonly code = 'cdk_missing';

  constructor(missing: readonly string[]) {
    super(
      `A deployment needs ${missing.length === 1 ? 'a package that is' : 'packages that are'} not installed here. ` +
        `Install ${missing.length === 1 ? 'it' : 'them'} and try again: npm install --save-dev ${missing.join(' ')}`,
    );
  }
}

const manifestSchema = z.object({ peerDependencies: z.record(z.string(), z.string()) });

/** Context that the synthesis rests on; the same as in `cdk.json` of a clone. */
const context = [
  '@aws-cdk/aws-lambda:recognizeLayerVersion=true',
  '@aws-cdk/core:checkSecretUsage=true',
  '@aws-cdk/aws-iam:minimizePolicies=true',
  '@aws-cdk/aws-lambda:useCdkManagedLogGroup=false',
];

/**
 * Runs the CDK's command line over the configuration, from the current folder, with its output on ours.
 *
 * @throws {CdkMissingError} where it is not installed
 * @throws {ConfigNotFoundError}
 */
export async function runCdk(action: 'synth' | 'deploy', options: DeployOptions): Promise<ExitStatus> {
  const root = packageFolder();
  const config = findConfig(options.config, process.cwd());
  const command = requirePeers(root);
  const named = { config, stage: options.stage, account: options.account, region: options.region };
  const args = [
    command,
    action,
    '--app',
    // The CDK takes quotes for a part of the name; a path from here has no blanks in it.
    `node ${path.relative(process.cwd(), path.join(root, 'dist', 'bin', 'app.js'))}`,
    '--output',
    'cdk.out',
    '--version-reporting=false',
    ...context.flatMap((one) => ['-c', one]),
    ...Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : ['-c', `${name}=${value}`])),
    ...(action === 'synth' ? ['--quiet'] : ['--all']),
    ...(options.yes === true ? ['--require-approval', 'never'] : []),
  ];
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (status === 0 && action === 'synth') process.stdout.write(`Made ${path.join(process.cwd(), 'cdk.out')}.\n`);
  return status === 0 ? 0 : 1;
}

/** The CDK's command line, when it and all that the synthesis imports are installed. @throws {CdkMissingError} */
function requirePeers(root: string): string {
  const manifest = path.join(root, 'package.json');
  const { peerDependencies } = manifestSchema.parse(JSON.parse(readFileSync(manifest, 'utf8')));
  const find = createRequire(manifest);
  const resolved = (name: string): string | undefined => {
    try {
      return find.resolve(`${name}/package.json`);
    } catch {
      return undefined;
    }
  };
  const missing = Object.entries(peerDependencies)
    .filter(([name]) => resolved(name) === undefined)
    .map(([name, version]) => `${name}@${version}`);
  const cdk = resolved('aws-cdk');
  if (missing.length > 0 || cdk === undefined) throw new CdkMissingError(missing);
  return path.join(path.dirname(cdk), 'bin', 'cdk');
}
