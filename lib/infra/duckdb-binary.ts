import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { BinaryNotFetchedError } from './errors.ts';

/** Lambda's names of architectures, as npm names them. */
const npmArchitecture = { arm64: 'arm64', x86_64: 'x64' } as const;

export type LambdaArchitecture = keyof typeof npmArchitecture;

/**
 * Puts DuckDB's bindings for Lambda's platform into `node_modules` of a bundle: the installed binary where it is the
 * right one, else the package of exactly the installed version, fetched from npm once and kept.
 *
 * @throws {BinaryNotFetchedError} when npm cannot be reached or has no such version
 */
export function copyDuckDb(packageRoot: string, bundleDir: string, architecture: LambdaArchitecture): void {
  const bindings = bindingsOf(packageRoot);
  const packages = path.dirname(path.dirname(bindings));
  const { version } = JSON.parse(readFileSync(path.join(bindings, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  const name = `node-bindings-linux-${npmArchitecture[architecture]}`;
  const target = path.join(bundleDir, 'node_modules', '@duckdb');
  mkdirSync(target, { recursive: true });
  for (const file of ['package.json', 'duckdb.js']) {
    cpSync(path.join(bindings, file), path.join(target, 'node-bindings', file), { recursive: true });
  }
  const source = installed(packages, name, version) ?? fetched(packages, name, version);
  for (const file of ['package.json', 'duckdb.node', 'libduckdb.so']) {
    cpSync(path.join(source, file), path.join(target, name, file));
  }
}

/** Where npm has put them: below this package, or beside it where it is installed in another project. */
function bindingsOf(packageRoot: string): string {
  let folder = createRequire(path.join(packageRoot, 'package.json')).resolve('@duckdb/node-bindings');
  while (!existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder);
  return folder;
}

/** @param packages  the folder `node_modules` with DuckDB's packages */
function installed(packages: string, name: string, version: string): string | undefined {
  const folder = path.join(packages, '@duckdb', name);
  const file = path.join(folder, 'package.json');
  if (!existsSync(file)) return undefined;
  const found = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return found.version === version ? folder : undefined;
}

/** npm checks the package against the registry's digest; the folder appears whole or not at all. */
function fetched(packages: string, name: string, version: string): string {
  const cache = path.join(packages, '.cache', 'dsql-etl');
  const folder = path.join(cache, `${name}-${version}`);
  if (existsSync(folder)) return folder;
  const what = `@duckdb/${name}@${version}`;
  const beside = `${folder}.${process.pid}.new`;
  mkdirSync(beside, { recursive: true });
  try {
    const windows = process.platform === 'win32';
    const packed = execFileSync(
      windows ? 'npm.cmd' : 'npm',
      ['pack', what, '--pack-destination', beside, '--json', '--loglevel', 'error'],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        shell: windows,
      },
    );
    const archive = /"filename":\s*"([^"]+)"/.exec(packed)?.[1]?.replace(/^@/, '').replace('/', '-') ?? '';
    execFileSync('tar', ['-xzf', archive, '--strip-components=1'], { cwd: beside });
    rmSync(path.join(beside, archive), { force: true });
    if (!existsSync(folder)) renameSync(beside, folder);
    return folder;
  } catch (cause) {
    const stderr = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim().split('\n')[0] : '';
    throw new BinaryNotFetchedError(what, stderr || 'npm pack failed', { cause });
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}
