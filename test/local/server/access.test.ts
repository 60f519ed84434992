import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { DsqlSigner } from '@aws-sdk/dsql-signer';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { holdLocalDsql, localDsqlStatus } from '../../../lib/local/client.ts';
import { localFolder } from '../../../lib/local/postgres/folder.ts';
import { clientConfig, type LocalServer, startLocalServer } from '../local-server.ts';

describe('the local DSQL', () => {
  let server: LocalServer;
  beforeAll(async () => {
    server = await startLocalServer();
  });
  afterAll(() => server.close());

  it('listens on loopback alone', async () => {
    const { port } = server.hold.endpoint;
    const others = Object.values(networkInterfaces())
      .flatMap((found) => found ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4');
    for (const { address } of others) {
      const outcome = await new Promise<string>((resolve) => {
        const socket = connect(port, address);
        socket.once('connect', () => resolve('connected'));
        socket.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
        socket.once('close', () => socket.destroy());
      });
      expect(outcome).toBe('ECONNREFUSED');
    }
  });

  it('refuses a token that was signed with other credentials, or for nobody', async () => {
    const signer = new DsqlSigner({
      hostname: 'localhost',
      region: server.hold.endpoint.region,
      credentials: { accessKeyId: server.hold.credentials.accessKeyId, secretAccessKey: 'of somebody else' },
    });
    const config = await clientConfig(server.hold, server.stateDir);
    for (const password of [await signer.getDbConnectAdminAuthToken(), '', 'dsql']) {
      const client = new pg.Client({ ...config, password });
      client.on('error', () => {});
      await expect(client.connect()).rejects.toMatchObject({ code: '28000' });
    }
  });

  it('lets no other account of the system into its PostgreSQL, whatever the permissions of the folder', async ({
    skip,
  }) => {
    if (process.getuid?.() !== 0) skip('only root can try it as another account');
    const { sockets } = localFolder(server.stateDir);
    for (const folder of [sockets, path.join(sockets, 'pg')]) chmodSync(folder, 0o755);
    chmodSync(path.join(sockets, 'pg', '.s.PGSQL.5432'), 0o777);
    const code = `
      const { connect } = require('node:net');
      const body = Buffer.from('\\0\\x03\\0\\0user\\0dsql\\0database\\0postgres\\0\\0', 'latin1');
      const length = Buffer.alloc(4);
      length.writeInt32BE(body.length + 4);
      const socket = connect(${JSON.stringify(path.join(sockets, 'pg', '.s.PGSQL.5432'))});
      socket.write(Buffer.concat([length, body]));
      socket.once('data', (data) => { console.log(data[0] === 0x52 ? 'let in' : data.toString('latin1')); socket.destroy(); });
      socket.once('error', (error) => console.log(error.code));`;
    const tried = spawnSync(process.execPath, ['-e', code], { uid: 4_711, gid: 4_711, cwd: '/', encoding: 'utf8' });
    for (const folder of [sockets, path.join(sockets, 'pg')]) chmodSync(folder, 0o700);
    expect(`${tried.stdout}${tried.stderr}`).toMatch(/C28000/);
  });

  it('trusts nobody by its PostgreSQL, and has no file that others can read', async () => {
    const { root } = localFolder(server.stateDir);
    const access = readFileSync(path.join(root, 'pgdata', 'pg_hba.conf'), 'utf8');
    expect(access).toBe('local all all peer map=owner\n');
    const open = spawnSync('find', [root, '-perm', '/077', '-not', '-type', 'l'], { encoding: 'utf8' });
    expect(open.stdout).toBe('');
  });
});

describe.skipIf(process.platform === 'win32')('a folder of sockets that somebody else has made', () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  it.each(['open to others', 'a link'])('and that is %s is refused with the reason', async (kind) => {
    const stateDir = mkdtempSync(path.join(tmpdir(), 'dsql-etl-taken-'));
    const { sockets } = localFolder(stateDir);
    folders.push(stateDir, sockets);
    if (kind === 'a link') symlinkSync(stateDir, sockets);
    else {
      mkdirSync(sockets);
      chmodSync(sockets, 0o777);
    }
    await expect(holdLocalDsql({ stateDir, durability: 'process' })).rejects.toMatchObject({
      code: 'local_start_failed',
      message: expect.stringContaining(kind === 'a link' ? 'it is a link' : 'it has mode 0777, which lets others in'),
    });
    expect(await localDsqlStatus(stateDir)).toBeUndefined();
  });
});
