import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The package as npm makes it, installed in a folder that was empty. */
const folder = mkdtempSync(path.join(tmpdir(), 'etl-package-'));
const modules = path.join(folder, 'node_modules');
const peers = ['aws-cdk', 'aws-cdk-lib', 'cdk-nag', 'constructs', 'esbuild'];

function npm(cwd: string, ...args: readonly string[]): void {
  execFileSync('npm', args, { cwd, stdio: 'pipe', shell: process.platform === 'win32' });
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function etl(...args: readonly string[]): Ended {
  return spawnSync('npx', ['etl', ...args], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

beforeAll(() => {
  execFileSync(process.execPath, ['tooling/pack-manifest.mjs', 'write']);
  try {
    npm('.', 'pack', '--ignore-scripts', '--pack-destination', folder);
  } finally {
    execFileSync(process.execPath, ['tooling/pack-manifest.mjs', 'restore']);
  }
  const [archive = ''] = readdirSync(folder);
  npm(folder, 'install', `./${archive}`, '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts');
}, 600_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the package in an empty folder', { timeout: 600_000 }, () => {
  it('is under 300 MB, and brings neither CDK nor tools', () => {
    expect(peers.filter((name) => existsSync(path.join(modules, name)))).toEqual([]);
    const kilobytes = Number(execFileSync('du', ['-sk', modules], { encoding: 'utf8' }).split('\t')[0]);
    expect(kilobytes).toBeLessThan(300 * 1024);
    expect(readdirSync(path.join(modules, '.bin'))).toEqual(expect.arrayContaining(['etl', 'dsql-etl']));
  });

  it('leaves the manifest of the clone as it was', () => {
    expect(existsSync('package.json.clone')).toBe(false);
    expect(readFileSync('package.json', 'utf8')).toContain('"private": true');
  });

  it('loads an own file into the local DSQL', () => {
    writeFileSync(path.join(folder, 'own.csv'), 'id,name\n1,a\n2,b\n');
    writeFileSync(
      path.join(folder, 'etl.yaml'),
      'pipelines: { own: { source_type: file, file_path: own.csv, target_table: own } }\n',
    );
    expect(etl('run', '--quiet')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('2 rows loaded') as string,
    });
    expect(etl('sql', 'SELECT name FROM own ORDER BY id', '--csv').stdout).toBe('name\na\nb\n');
  });

  it('says what a deployment needs, and makes the template when it is there', () => {
    const missing = etl('synth');
    expect(missing).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('npm install --save-dev aws-cdk@') as string,
    });
    for (const name of peers) symlinkSync(path.resolve('node_modules', name), path.join(modules, name), 'dir');
    expect(etl('synth').status).toBe(0);
    expect(readdirSync(path.join(folder, 'cdk.out'))).toContain('dsql-etl-dev.template.json');
  });

  it('tells an older Node in one sentence what it needs', () => {
    const older = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"18.20.1"})';
    const ended = spawnSync(process.execPath, ['--import', older, 'node_modules/dsql-etl/dist/bin/etl.js', 'run'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(ended).toMatchObject({ status: 2, stderr: 'etl needs Node 20 or newer, and this is Node 18.20.1.\n' });
  });
});
