import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { localFolder } from '../../lib/local/postgres/folder.ts';
import { type LocalAws, localAws } from '../support/aws/local-aws.ts';
import { httpProxy, type TestProxy } from '../support/http-proxy.ts';
import { serve, type TestServer } from '../support/http-server.ts';
import { type Finished, runCommand, type Workspace, workspace } from '../support/workspace.ts';

let space: Workspace;
let proxy: TestProxy;
let aws: LocalAws;
let secrets: TestServer;
let api: { readonly port: number; readonly close: () => void };

beforeAll(async () => {
  space = await workspace();
  // The local DSQL's own certificate serves the API too: its authority is one that the processes can be told to trust.
  await space.etl('local', 'start');
  const { caFile, certificateFile, keyFile } = localFolder(path.join(space.folder, '.etl'));
  const server = createServer(
    { cert: readFileSync(certificateFile), key: readFileSync(keyFile) },
    (request, response) => {
      response.setHeader('content-type', 'application/json');
      if (request.headers.authorization !== 'Bearer of-the-vault') response.statusCode = 401;
      response.end(JSON.stringify([{ id: 1 }, { id: 2 }]));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  api = { port: (server.address() as AddressInfo).port, close: () => server.close() };
  proxy = await httpProxy({ password: 'me:geheim' });
  aws = await localAws();
  await aws.createBucket('incoming');
  await aws.putObject('incoming', 'a.csv', 'id,name\n1,ann\n2,bob\n3,cid\n');
  secrets = await serve((_, response) => {
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.end(JSON.stringify({ SecretString: 'of-the-vault' }));
  });
  space.write('ca.pem', readFileSync(caFile));
  space.write(
    'etl.yaml',
    `aurora_dsql: { region: us-east-1 }
pipelines:
  api:
    source_type: api
    endpoint: https://localhost:${api.port}/rows
    auth: { type: bearer, token: { secret: vault } }
    allow_private_addresses: true
    target_table: of_api
  bucket: { source_type: file, file_path: s3://incoming/a.csv, target_table: of_bucket }
`,
  );
});

afterAll(async () => {
  api?.close();
  await Promise.all([proxy?.close(), aws?.close(), secrets?.close()]);
  await space?.remove();
});

beforeEach(() => {
  proxy.seen.length = 0;
});

async function run(pipeline: string, variables: Readonly<Record<string, string>>): Promise<Finished> {
  return await runCommand(space.folder, ['run', pipeline, '--again', '--target', 'local', '--json'], undefined, {
    NODE_EXTRA_CA_CERTS: path.join(space.folder, 'ca.pem'),
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${aws.port}`,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    ...variables,
  });
}

describe('a run behind a proxy', () => {
  it('asks API and Secrets Manager through it, and the database directly', async () => {
    const ended = await run('api', { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url });
    expect(ended.status, ended.stderr).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ runs: [{ status: 'success', rows_loaded: 2 }] });
    expect(proxy.seen).toEqual([`POST ${secrets.url}/`, `CONNECT localhost:${api.port}`]);
  });

  it('reads S3 through it', async () => {
    const ended = await run('bucket', { HTTP_PROXY: proxy.url });
    expect(ended.status, ended.stderr).toBe(0);
    expect(proxy.seen.length).toBeGreaterThan(0);
    expect(
      proxy.seen.every((asked) => asked.includes(`http://127.0.0.1:${aws.port}/`) || asked.includes('incoming')),
    ).toBe(true);
  });

  it('asks directly what NO_PROXY lists', async () => {
    const ended = await run('api', { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, NO_PROXY: 'localhost,127.0.0.1' });
    expect(ended.status, ended.stderr).toBe(0);
    expect(proxy.seen).toEqual([]);
  });

  it('says that the proxy wants a password, and not the one that it was given', async () => {
    const url = `http://me:falsch@127.0.0.1:${proxy.port}`;
    const ended = await run('api', { HTTPS_PROXY: url });
    expect(ended.status).toBe(1);
    expect(JSON.parse(ended.stdout)).toMatchObject({ runs: [{ status: 'failed', error_code: 'proxy_refused' }] });
    expect(ended.stdout).toContain(
      `The proxy http://127.0.0.1:${proxy.port} does not connect to localhost: it answered 407`,
    );
    expect(`${ended.stdout}${ended.stderr}`).not.toContain('falsch');
  });
});
