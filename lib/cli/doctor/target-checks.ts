import { lookup } from 'node:dns/promises';
import net from 'node:net';
import tls from 'node:tls';
import type { AwsCredentials } from '../../dsql/connect.ts';
import type { Endpoint } from '../../dsql/endpoint.ts';
import { runStatement } from '../../dsql/target.ts';
import { messageOf } from '../../errors.ts';
import { areServiceTablesReady, serviceTables } from '../../state/service-tables.ts';
import { type FoundTarget, type OpenTarget, openFound } from '../target.ts';
import { type Checked, type Finding, fail, ok, skip, warn } from './finding.ts';

const connectMs = 10_000;

/**
 * Checks the way to a target, step by step: name, port, TLS, credentials, permission to connect, clock, tables. What comes
 * behind a step that fails is not checked.
 */
export async function checkTarget(
  found: FoundTarget,
  credentialsOf: () => Promise<AwsCredentials>,
): Promise<readonly Checked[]> {
  const checked: Checked[] = [];
  const { endpoint } = found;
  let target: OpenTarget | undefined;
  const steps: readonly (readonly [string, () => Promise<Finding>])[] = [
    ['endpoint', () => checkEndpoint(endpoint)],
    ['TLS', () => checkTls(endpoint)],
    ['credentials', () => checkCredentials(found, credentialsOf)],
    [
      'sign-in',
      async () => {
        target = openFound({ ...found, release: async () => undefined }, 1);
        return await checkSignIn(target, endpoint);
      },
    ],
    ['clock', async () => (target === undefined ? skip('not connected') : await checkClock(target))],
    ['service tables', async () => (target === undefined ? skip('not connected') : await checkTables(target))],
  ];
  let failed: string | undefined;
  try {
    for (const [check, step] of steps) {
      const finding = failed === undefined ? await step() : skip(`not checked, because ${failed} failed`);
      checked.push({ check, ...finding });
      if (finding.status === 'fail') failed = check;
    }
  } finally {
    await target?.close();
  }
  return checked;
}

/** Whether the name is known and its port open. */
export async function checkEndpoint({ hostname, port, region }: Endpoint): Promise<Finding> {
  try {
    await lookup(hostname);
  } catch (error) {
    return fail(
      `${hostname} cannot be looked up (${codeOf(error)})`,
      'Compare it with the endpoint of the cluster in the console; in a VPC the name of a PrivateLink endpoint needs its DNS.',
    );
  }
  const problem = await connecting(hostname, port);
  if (problem === undefined) return ok(`${hostname}:${port} in ${region}`);
  return fail(
    `${hostname}:${port} cannot be reached (${problem})`,
    'Port 5432 has to be open for connections from here; no proxy is used for the database.',
  );
}

async function connecting(host: string, port: number): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const socket = net.connect({ host, port });
    const end = (problem: string | undefined): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.setTimeout(connectMs, () => end(`no answer for ${connectMs / 1_000} s`));
    socket.once('connect', () => end(undefined));
    socket.once('error', (error) => end(codeOf(error)));
  });
}

/** SSLRequest of PostgreSQL's protocol: length 8, code 80877103. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** Whether TLS begins and the certificate is to be trusted. */
export async function checkTls({ ca, hostname, port }: Endpoint): Promise<Finding> {
  return await new Promise((resolve) => {
    const raw = net.connect({ host: hostname, port });
    const end = (finding: Finding): void => {
      raw.destroy();
      resolve(finding);
    };
    const remedy =
      'Something between here and the cluster ends TLS, or the authorities that Node trusts lack one: NODE_EXTRA_CA_CERTS names a file of more.';
    raw.setTimeout(connectMs, () => end(fail(`no answer for ${connectMs / 1_000} s`, remedy)));
    raw.once('error', (error) => end(fail(codeOf(error), remedy)));
    raw.once('connect', () => raw.write(sslRequest));
    raw.once('data', (answer) => {
      if (answer.toString('latin1', 0, 1) !== 'S') return end(fail('the other side does not speak TLS', remedy));
      const secure = tls.connect({ socket: raw, servername: hostname, ...(ca === undefined ? {} : { ca }) });
      secure.once('error', (error) => end(fail(`the certificate is not trusted (${codeOf(error)})`, remedy)));
      secure.once('secureConnect', () => {
        const until = secure.getPeerCertificate().valid_to;
        end(
          ok(`${secure.getProtocol() ?? 'TLS'}, certificate valid until ${new Date(until).toISOString().slice(0, 10)}`),
        );
      });
    });
  });
}

async function checkCredentials(found: FoundTarget, of: () => Promise<AwsCredentials>): Promise<Finding> {
  if (found.local) return ok('those of the local DSQL');
  try {
    const { accessKeyId, sessionToken } = await of();
    const kind = sessionToken === undefined ? 'long-lived' : 'temporary';
    return ok(`${kind} credentials, key …${accessKeyId.slice(-4)}`);
  } catch (error) {
    return fail(
      `there are no AWS credentials (${messageOf(error).split('\n')[0] ?? ''})`,
      'Set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with: aws sso login',
    );
  }
}

/** Whether a token is taken: signature, time and the IAM permission. */
async function checkSignIn(target: OpenTarget, endpoint: Endpoint): Promise<Finding> {
  const action = endpoint.user === 'admin' ? 'dsql:DbConnectAdmin' : 'dsql:DbConnect';
  try {
    const [row] = await runStatement(
      'Signing in',
      target,
      async () => target.sql<{ readonly version: string }[]>`SELECT current_setting('server_version') AS version`,
    );
    return ok(`as ${endpoint.user}, by a token of its own (${action}); PostgreSQL ${row?.version ?? ''}`);
  } catch (error) {
    return fail(
      messageOf(error),
      `The role of these credentials needs ${action} on the cluster${
        endpoint.user === 'admin' ? '' : `, and the database role: AWS IAM GRANT ${endpoint.user} TO '<role ARN>'`
      }; a clock that is wrong by more than 5 minutes makes tokens invalid too.`,
    );
  }
}

/** Seconds by which clocks may differ; signatures are refused from five minutes on. */
const [wantedSkew, mostSkew] = [30, 240];

async function checkClock(target: OpenTarget): Promise<Finding> {
  const before = Date.now();
  const [row] = await target.sql<{ readonly ms: string }[]>`
    SELECT (extract(epoch FROM CURRENT_TIMESTAMP) * 1000)::bigint AS ms`;
  const middle = (before + Date.now()) / 2;
  return clockFinding((middle - Number(row?.ms)) / 1000);
}

/** @param skew  seconds by which this machine is ahead of the database */
export function clockFinding(skew: number): Finding {
  const by = Math.abs(skew);
  const what = `${by.toFixed(1)} s ${skew < 0 ? 'behind' : 'ahead of'} the database`;
  const remedy =
    'Have the clock of this machine set by NTP; tokens are refused when it is wrong by more than 5 minutes.';
  if (by > mostSkew) return fail(what, remedy);
  return by > wantedSkew ? warn(what, remedy) : ok(what);
}

/** Whether the tables of the service are there, and this role may use them. */
async function checkTables(target: OpenTarget): Promise<Finding> {
  try {
    const ready = await areServiceTablesReady(target);
    const [create] = await target.sql<{ readonly may: boolean }[]>`
      SELECT has_schema_privilege(current_user, 'public', 'CREATE') AS may`;
    if (!ready) {
      return create?.may === true
        ? ok('not there yet; the first run makes them')
        : fail('not there, and this role may not make them', 'Run once as admin: aurora_dsql.user: admin');
    }
    const missing: string[] = [];
    for (const { name } of serviceTables) {
      const [row] = await target.sql<{ readonly may: boolean }[]>`
        SELECT has_table_privilege(current_user, ${`public.${name}`}, 'SELECT, INSERT, UPDATE, DELETE') AS may`;
      if (row?.may !== true) missing.push(name);
    }
    if (missing.length > 0) {
      return fail(`this role may not use ${missing.join(', ')}`, 'As admin: GRANT ALL ON the tables TO the role.');
    }
    const tables = create?.may === true ? '' : '; this role may not make tables, so those that are loaded must exist';
    return ok(`${serviceTables.length} tables, all of which this role may use${tables}`);
  } catch (error) {
    return fail(messageOf(error), 'See docs/security.md for what the role may do.');
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : messageOf(error);
}
