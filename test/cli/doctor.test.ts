import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Checked } from '../../lib/cli/doctor/finding.ts';
import { checkNode, checkProxies, diskFinding } from '../../lib/cli/doctor/machine-checks.ts';
import { checkEndpoint, checkTarget, checkTls, clockFinding } from '../../lib/cli/doctor/target-checks.ts';
import type { Endpoint } from '../../lib/dsql/endpoint.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';
import { runCommand } from '../support/workspace.ts';

let space: InProcess;
let target: LocalTarget;

beforeAll(async () => {
  space = await inProcess();
  space.write('etl.yaml', 'pipelines: { a: { source_type: file, file_path: a.csv, target_table: a } }');
  target = await localTarget();
});

afterAll(async () => {
  await target.remove();
  await space.remove();
});

const endpointOf = (): Endpoint => {
  const { ca, hostname, port, region, user } = target.hold.endpoint;
  return { hostname, port, region, ca, user, database: 'postgres' };
};

const statuses = (checks: readonly Checked[]): readonly string[] =>
  checks.map(({ check, status }) => `${check} ${status}`);

async function steps(endpoint: Endpoint, credentials = target.hold.credentials): Promise<readonly Checked[]> {
  const found = { endpoint, local: false, credentials, release: async () => undefined };
  return await checkTarget(found, async () => credentials);
}

describe('etl doctor', () => {
  it('checks machine and target line by line, before and after the first run', async () => {
    const made = await space.etl('doctor', '--target', 'local');
    expect(made.stdout).toMatch(/^✓ Node: Node \d+\./);
    for (const text of [
      /✓ package: dsql-etl \S+ in .*, with DuckDB/,
      /✓ configuration: .*etl\.yaml, 1 pipeline\n/,
      /✓ local DSQL: running, /,
      /✓ TLS: TLSv1\.3, certificate valid until 2\d{3}-/,
      /✓ sign-in: as admin, by a token of its own \(dsql:DbConnectAdmin\); PostgreSQL 16/,
      /✓ clock: \d+\.\d s (behind|ahead of) the database/,
      /service tables: not there yet; the first run makes them/,
      /\n(Everything that was checked is in order.*|1 of 12 checks failed\.)\n$/,
    ]) {
      expect(made.stdout).toMatch(text);
    }
    space.write('a.csv', 'id\n1\n');
    await space.run();
    const after = await space.etl('doctor', '--json', '--target', 'local');
    const found = JSON.parse(after.stdout) as { readonly ok: boolean; readonly checks: readonly Checked[] };
    expect(found.checks.find(({ check }) => check === 'service tables')).toMatchObject({
      status: 'ok',
      what: expect.stringMatching(/8 tables/) as string,
    });
    expect(found.checks).toHaveLength(12);
    expect(after.status).toBe(found.ok ? 0 : 1);
  });

  it('says what is wrong with the configuration, ends with 1, and makes nothing where nothing is', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'etl-doctor-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const empty = await runCommand(folder, ['doctor']);
    expect(empty.stdout).toMatch(/- configuration: there is none here; make one with: etl init\n/);
    expect(empty.stdout).toMatch(/- target: no configuration, and no --target\n/);
    space.write('broken.yaml', 'pipelines: { a: { source_type: fil } }');
    const broken = await space.etl('doctor', '--config', 'broken.yaml', '--target', 'local');
    expect(broken.status).toBe(1);
    expect(broken.stdout).toMatch(/✗ configuration: broken\.yaml:1:\d+: .*\n {4}See all of it with: etl check\n/);
  });
});

describe('the way to a cluster', () => {
  it('is checked as far as it goes', async () => {
    expect(statuses(await steps(endpointOf()))).toEqual([
      'endpoint ok',
      'TLS ok',
      'credentials ok',
      'sign-in ok',
      'clock ok',
      'service tables ok',
    ]);
  });

  it('is refused for credentials without the permission, with the action that they need', async () => {
    const checks = await steps(endpointOf(), { accessKeyId: 'AKIDOTHER', secretAccessKey: 'other' });
    expect(statuses(checks)).toEqual([
      'endpoint ok',
      'TLS ok',
      'credentials ok',
      'sign-in fail',
      'clock skip',
      'service tables skip',
    ]);
    expect(checks[3]?.remedy).toMatch(/needs dsql:DbConnectAdmin on the cluster/);
  });

  it('fails without credentials', async () => {
    const found = { endpoint: endpointOf(), local: false, credentials: undefined, release: async () => undefined };
    const checks = await checkTarget(found, async () => {
      throw new Error('Could not load credentials from any providers');
    });
    expect(checks[2]).toMatchObject({ status: 'fail', remedy: expect.stringMatching(/AWS_PROFILE/) as string });
  });

  it('fails at a name that is none, a closed port, a server without TLS, and a certificate that is not trusted', async () => {
    expect(await checkEndpoint({ ...endpointOf(), hostname: 'no-such-host.invalid' })).toMatchObject({
      status: 'fail',
      what: expect.stringMatching(/cannot be looked up \((ENOTFOUND|EAI_AGAIN)\)/) as string,
    });
    expect(await checkEndpoint({ ...endpointOf(), port: 1 })).toMatchObject({
      status: 'fail',
      what: expect.stringMatching(/ECONNREFUSED/) as string,
    });
    const { ca: _, ...untrusted } = endpointOf();
    expect(await checkTls(untrusted)).toMatchObject({
      status: 'fail',
      what: expect.stringMatching(/the certificate is not trusted/) as string,
    });
    const plain = createServer((socket) => socket.end('N'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void plain.close());
    const { port } = plain.address() as AddressInfo;
    expect(await checkTls({ ...endpointOf(), port })).toMatchObject({
      status: 'fail',
      what: expect.stringMatching(/does not speak TLS/) as string,
    });
  });

  it('fails for a role that may not use the tables, or may not make them', async () => {
    await target.sql`CREATE TABLE public.etl_state_of_nobody (id bigint)`;
    await target.sql`CREATE ROLE reader WITH LOGIN`;
    await target.sql`AWS IAM GRANT reader TO 'arn:aws:iam::123456789012:role/reader'`;
    const checks = await steps({ ...endpointOf(), user: 'reader' });
    expect(checks.at(-1)).toMatchObject({
      check: 'service tables',
      status: 'fail',
      what: expect.stringMatching(/may not make them/) as string,
    });
  });
});

describe('a machine', () => {
  it('needs Node 20, a disk with room, and a clock that is right', () => {
    expect(['18.20.1', '20.20.2', '25.1.0'].map((version) => checkNode(version).status)).toEqual(['fail', 'ok', 'ok']);
    const sizes = [100 * 1024 ** 2, 1024 ** 3, 20 * 1024 ** 3];
    expect(sizes.map((free) => diskFinding('/x', free).status)).toEqual(['fail', 'warn', 'ok']);
    expect([0.2, -45, 400].map((skew) => clockFinding(skew).status)).toEqual(['ok', 'warn', 'fail']);
    expect(clockFinding(-45).what).toBe('45.0 s behind the database');
  });

  it('shows its proxies without their passwords', () => {
    for (const name of ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy', 'http_proxy']) vi.stubEnv(name, '');
    vi.stubEnv('HTTP_PROXY', '');
    vi.stubEnv('NO_PROXY', '');
    vi.stubEnv('no_proxy', '');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(checkProxies()).toEqual({ status: 'ok', what: 'none is set' });
    vi.stubEnv('HTTPS_PROXY', 'http://me:geheim@proxy.example.com:3128');
    const found = checkProxies();
    expect(found).toMatchObject({
      status: 'ok',
      what: expect.stringMatching(/^https http:\/\/proxy\.example\.com:3128, http direct/) as string,
    });
    expect(JSON.stringify(found)).not.toContain('geheim');
  });
});
