import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answerDeployment, type DeployService, untilPropagated } from '../../functions/runtime/deploy-request.ts';
import type { Clock } from '../../lib/clock.ts';
import { StatementRefusedError, TargetAccessDeniedError, TargetUnavailableError } from '../../lib/dsql/errors.ts';
import { askCustomResource, type CustomResourceRequest } from '../support/aws/custom-resource.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';

const hostname = 'abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws';
const cluster = (id: string): string => `arn:aws:dsql:us-east-1:111122223333:cluster/${id}`;
const roleArn = (name: string): string => `arn:aws:iam::111122223333:role/${name}`;

let target: LocalTarget;
let former: LocalTarget;
let asked: string[] = [];

beforeAll(async () => {
  [target, former] = await Promise.all([localTarget(), localTarget()]);
}, 60_000);

afterAll(async () => {
  await Promise.all([target?.remove(), former?.remove()]);
});

beforeEach(() => {
  asked = [];
});

/** The bootstrap function beside one cluster, from which another one can be reached. */
const service = (): DeployService => ({
  environment: {
    ETL_DSQL_HOSTNAME: hostname,
    ETL_DSQL_REGION: 'us-east-1',
    ETL_DSQL_USER: 'admin',
    ETL_DSQL_ROLE: 'dsql_etl',
  },
  sql: target.sql,
  connectTo: ({ hostname: other, region }) => {
    asked.push(`${other} in ${region}`);
    if (other.startsWith('gone')) throw new Error('no such host');
    return former.connect(1);
  },
});

async function ask(request: CustomResourceRequest) {
  return await askCustomResource(
    async (event) => await answerDeployment(service(), event as never, new AbortController().signal),
    request,
  );
}

async function mapped({ sql }: LocalTarget): Promise<readonly string[]> {
  const rows = await sql<{ mapping: string }[]>`
    SELECT pg_role_name || ' ' || split_part(arn, '/', 2) AS mapping FROM sys.iam_pg_role_mappings ORDER BY 1`;
  return rows.map(({ mapping }) => mapping);
}

const properties = (names: readonly string[], changes: object = {}) => ({
  RoleArns: names.map(roleArn),
  Role: 'dsql_etl',
  Cluster: cluster('abcdefghijklmnopqrstuvwxyz'),
  Hostname: hostname,
  ...changes,
});

describe('the bootstrap resource', () => {
  it('makes tables and mappings, and makes a lost mapping again when its code differs', async () => {
    const first = properties(['load', 'record'], { Code: 'arn:1' });
    expect((await ask({ RequestType: 'Create', ResourceProperties: first })).answers).toMatchObject([
      { Status: 'SUCCESS' },
    ]);
    expect(await mapped(target)).toEqual(['dsql_etl load', 'dsql_etl record']);
    await target.sql.unsafe(`AWS IAM REVOKE dsql_etl FROM '${roleArn('load')}'`);
    await target.sql.unsafe('DROP TABLE etl_watermark');
    const second = { ...first, Code: 'arn:2' };
    await ask({ RequestType: 'Update', ResourceProperties: second, OldResourceProperties: first });
    expect(await mapped(target)).toEqual(['dsql_etl load', 'dsql_etl record']);
    expect(await target.sql`SELECT 1 FROM pg_tables WHERE tablename = 'etl_watermark'`).toHaveLength(1);
  });

  it('leaves no mapping of a former role, of IAM or of the database', async () => {
    await ask({
      RequestType: 'Update',
      ResourceProperties: properties(['load2', 'record']),
      OldResourceProperties: properties(['load', 'record']),
    });
    expect(await mapped(target)).toEqual(['dsql_etl load2', 'dsql_etl record']);
    await ask({
      RequestType: 'Update',
      ResourceProperties: properties(['load2', 'record'], { Role: 'other_etl' }),
      OldResourceProperties: properties(['load2', 'record']),
    });
    expect(await mapped(target)).toEqual(['other_etl load2', 'other_etl record']);
    expect(asked).toEqual([]);
  });

  it('leaves no mapping at a former cluster, also where a former release named it by its ARN alone', async () => {
    const formerHost = `zyxwvutsrqponmlkjihgfedcba.dsql.us-east-1.on.aws`;
    const { Hostname: _, ...old } = properties(['load'], { Cluster: cluster('zyxwvutsrqponmlkjihgfedcba') });
    for (const before of [{ ...old, Hostname: formerHost }, old]) {
      await former.sql.unsafe('DROP ROLE IF EXISTS dsql_etl').catch(() => undefined);
      await former.sql.unsafe('CREATE ROLE dsql_etl WITH LOGIN').catch(() => undefined);
      await former.sql.unsafe(`AWS IAM GRANT dsql_etl TO '${roleArn('load')}'`);
      expect(await mapped(former)).toEqual(['dsql_etl load']);
      const { answers } = await ask({
        RequestType: 'Update',
        ResourceProperties: properties(['load']),
        OldResourceProperties: before,
      });
      expect(answers).toMatchObject([{ Status: 'SUCCESS' }]);
      expect(await mapped(former)).toEqual([]);
    }
    expect(asked).toEqual([`${formerHost} in us-east-1`, `${formerHost} in us-east-1`]);
    expect(await mapped(target)).toContain('dsql_etl load');
  });

  it('of a release before is the same cluster, whose mappings stay', async () => {
    const { Hostname: _, ...old } = properties(['load']);
    await ask({ RequestType: 'Update', ResourceProperties: properties(['load']), OldResourceProperties: old });
    expect(await mapped(target)).toContain('dsql_etl load');
    expect(asked).toEqual([]);
  });

  it('is not held by a former cluster that is gone', async () => {
    const { answers } = await ask({
      RequestType: 'Update',
      ResourceProperties: properties(['load']),
      OldResourceProperties: properties(['load'], { Hostname: 'gone.example.com', Cluster: cluster('gone') }),
    });
    expect(answers).toMatchObject([{ Status: 'SUCCESS' }]);
  });

  it('answers a failure once and returns, because Lambda repeats what throws', async () => {
    const { answers, error } = await ask({
      RequestType: 'Create',
      ResourceProperties: properties(['load'], { Role: 'pg_etl' }),
    });
    expect(error).toBeUndefined();
    expect(answers).toMatchObject([{ Status: 'FAILED', PhysicalResourceId: 'dsql-etl-bootstrap' }]);
  });
});

describe('a cluster and roles that have just been made', () => {
  const virtual = (): Clock & { readonly waitedMs: () => number } => {
    let ms = 0;
    return {
      now: () => new Date(ms),
      sleep: async (more) => {
        ms += more;
      },
      waitedMs: () => ms,
    };
  };
  const signal = new AbortController().signal;
  const notYet = [
    new TargetAccessDeniedError(hostname, 'admin', 'access denied'),
    new TargetUnavailableError('Reading the roles', 8, 'getaddrinfo ENOTFOUND'),
  ];

  it('are waited for as long as IAM and DNS take', async () => {
    const clock = virtual();
    let calls = 0;
    await untilPropagated(clock, signal, async () => {
      calls += 1;
      if (clock.waitedMs() < 120_000) throw notYet[calls % 2];
    });
    expect(clock.waitedMs()).toBe(120_000);
  });

  it('are given up after three minutes, and other errors at once', async () => {
    const clock = virtual();
    await expect(untilPropagated(clock, signal, () => Promise.reject(notYet[0]))).rejects.toBe(notYet[0]);
    expect(clock.waitedMs()).toBeGreaterThanOrEqual(180_000);
    expect(clock.waitedMs()).toBeLessThan(200_000);
    const refused = new StatementRefusedError('CREATE ROLE', '42601', 'syntax error');
    const other = virtual();
    await expect(untilPropagated(other, signal, () => Promise.reject(refused))).rejects.toBe(refused);
    expect(other.waitedMs()).toBe(0);
  });
});
