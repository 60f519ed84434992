import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { localDsqlToken } from '../../../lib/local/sign-in.ts';
import { cstrings } from '../../../lib/local/wire/message.ts';
import { type LocalServer, outcome, startLocalServer } from '../local-server.ts';
import { WireClient, wireClient } from '../wire-client.ts';

const denied = '28000 unable to accept connection, access denied';

let server: LocalServer;
let token: string;

beforeAll(async () => {
  server = await startLocalServer();
  token = await localDsqlToken(server.stateDir);
});

afterAll(async () => {
  await server.close();
});

describe('TLS', () => {
  test('both ways of asking for it work', async () => {
    for (const open of [WireClient.direct, WireClient.asking]) {
      const client = await open(server);
      expect(await client.signIn(token)).toBe('ready I');
      expect(await client.query('SELECT 1')).toEqual(['SELECT 1', 'ready I']);
      client.close();
    }
  });

  test('without it a client is turned away', async () => {
    const raw = connect(server.hold.endpoint.port, '127.0.0.1');
    raw.write(
      Buffer.concat([
        Buffer.from([0, 0, 0, 33, 0, 3, 0, 0]),
        cstrings('user', 'admin', 'database', 'x'),
        Buffer.alloc(1),
      ]),
    );
    const [answer] = (await once(raw, 'data')) as [Buffer];
    expect(answer.toString('latin1')).toContain('C08P01\0MSSL is mandatory\0');
    raw.destroy();
  });
});

describe('tokens and roles', () => {
  test('a wrong token, an expired one and one for another role are refused with the words of DSQL', async () => {
    const expired = await localDsqlToken(server.stateDir, { expiresIn: 1 });
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    for (const bad of ['secret', expired, await localDsqlToken(server.stateDir, { user: 'writer' })]) {
      const client = await WireClient.direct(server);
      expect(await client.signIn(bad)).toBe('closed');
      client.close();
    }
  });

  test('the hint comes only with a token that ran out', async () => {
    const expired = await localDsqlToken(server.stateDir, { expiresIn: 1 });
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    const refused = async (password: string) => {
      const { Client } = (await import('pg')).default;
      const { hostname, port, ca } = server.hold.endpoint;
      const client = new Client({ host: hostname, port, user: 'admin', database: 'postgres', password, ssl: { ca } });
      return await client.connect().then(
        () => undefined,
        (error: unknown) => error,
      );
    };
    expect(await refused(expired)).toMatchObject({
      code: '28000',
      hint: expect.stringMatching(/^Signature expired: /),
    });
    expect(await refused('guess')).toMatchObject({ message: denied.slice(6), hint: undefined });
  });

  test('there is one database', async () => {
    const client = await WireClient.direct(server);
    expect(await client.signIn(token, 'admin', 'other')).toBe('closed');
  });

  test('another role connects once an IAM role was granted it, and no more when that is revoked', async () => {
    const admin = await server.connect();
    await admin.query('CREATE ROLE writer WITH LOGIN');
    const connectAsWriter = async () => await outcome(server.connect('writer'));
    expect(await connectAsWriter()).toBe(denied);
    await admin.query("AWS IAM GRANT writer TO 'arn:aws:iam::111122223333:role/etl'");
    const mappings = await admin.query('SELECT pg_role_name, arn FROM sys.iam_pg_role_mappings');
    expect(mappings.rows).toEqual([{ pg_role_name: 'writer', arn: 'arn:aws:iam::111122223333:role/etl' }]);
    const writer = await server.connect('writer');
    expect((await writer.query('SELECT current_user')).rows).toEqual([{ current_user: 'writer' }]);
    expect(await outcome(writer.query('CREATE TABLE mine (id int)'))).toBe('42501 permission denied for schema public');
    expect(await outcome(writer.query("AWS IAM GRANT writer TO 'arn:x'"))).toBe('42501 permission denied');
    await admin.query("AWS IAM REVOKE writer FROM 'arn:aws:iam::111122223333:role/etl'");
    expect(await connectAsWriter()).toBe(denied);
  });
});

describe('limits of connections', () => {
  test('connections in number, their rate and their life end with the errors of DSQL', async () => {
    const small = await startLocalServer({
      limits: { connections: 3, connectionRate: 1, connectionBurst: 5, connectionSeconds: 2 },
    });
    const codes: string[] = [];
    const open = await Promise.all([small.connect(), small.connect(), small.connect()]);
    codes.push(await outcome(small.connect()));
    await open[0]?.end();
    for (let i = 0; i < 4; i += 1) codes.push(await outcome(small.connect().then((client) => client.end())));
    expect(codes[0]).toBe('53300 Unable to accept connection, too many open connections.');
    expect(codes).toContain('53400 Unable to accept connection, rate exceeded.');
    await new Promise<void>((resolve) => open[1]?.once('end', () => resolve()));
    expect(await outcome((open[1] ?? open[0])?.query('SELECT 1') ?? Promise.resolve())).not.toBe('ok');
    await small.close();
  });

  test('a message over the limit ends the connection and no other', async () => {
    const other = await wireClient(server);
    const client = await wireClient(server);
    const head = Buffer.alloc(5);
    head.write('Q');
    head.writeInt32BE(10 * 1024 * 1024 + 1, 1);
    client.socket.write(head);
    expect(await client.untilReady()).toEqual(['closed']);
    expect(await other.query('SELECT 1')).toEqual(['SELECT 1', 'ready I']);
    other.close();
  });
});
