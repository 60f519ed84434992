import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/read-config.ts';
import { serviceParts } from '../../lib/infra/isolation.ts';
import { placesOf } from '../../lib/infra/source-buckets.ts';
import { type Assembly, synthesizeTemplates } from '../support/aws/assembly.ts';
import { checkRules } from '../support/aws/guard-rules.ts';
import { checkProperties } from '../support/aws/property-check.ts';

const policy = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: ['dsql:DbConnect', 'dsql:DbConnectAdmin'],
      Resource: '*',
      Condition: { StringNotEquals: { 'aws:PrincipalAccount': '111122223333' } },
    },
  ],
};
const text = `
data_source: { base_url: "https://api.example.com", auth: { type: bearer, token: { secret: shared/token } } }
pipelines:
  users: { source_type: api, endpoint: users, target_table: users, auth: { type: bearer, token: { secret: users/token } }, notify: { webhook: { secret: users/hook } }, business_rules: [{ type: mask, column: email, method: hash, key: { secret: users/mask } }] }
  Orders 2026: { source_type: api, endpoint: orders, target_table: orders, headers: { x-key: { secret: orders/key } } }
  sales: { source_type: file, file_path: [s3://in/sales.csv, s3://in/old.csv.gz], target_table: sales, business_rules: [{ type: lookup, from: { file: "s3://ref/countries.csv" }, on: { country: code }, take: [name] }] }
deploy: { architecture: x86_64, isolation: pipeline, cluster_policy: ${JSON.stringify(policy)} }
`;

describe('services of one pipeline each', () => {
  let folder: string;
  let stacks: ReadonlyMap<string, Assembly>;

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'etl-isolation-'));
    const config = path.join(folder, 'etl.yaml');
    writeFileSync(config, text);
    const app = synthesizeTemplates(path.join(folder, 'out'), { config });
    stacks = new Map(app.stackNames.map((name) => [name, app.stack(name)]));
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const named = (part: string): Assembly => {
    const found = [...stacks].find(([name]) => name.startsWith(`dsql-etl-dev-${part}`))?.[1];
    if (found === undefined) throw new Error(`no stack of ${part} among ${[...stacks.keys()].join(', ')}`);
    return found;
  };
  const secretsIn = (stack: Assembly): readonly string[] =>
    [
      ...new Set(
        [...JSON.stringify(stack.template).matchAll(/secret:([a-z]+\/[a-z]+)-/g)].map(([, name = '']) => name),
      ),
    ].sort();

  it('share a cluster, which has the policy that the configuration gives it', () => {
    expect([...stacks.keys()].sort()).toEqual([
      'dsql-etl-dev-cluster',
      expect.stringMatching(/^dsql-etl-dev-orders-2026-[0-9a-f]{8}$/),
      'dsql-etl-dev-sales',
      'dsql-etl-dev-users',
    ]);
    const [cluster] = named('cluster').resources('AWS::DSQL::Cluster');
    expect(JSON.parse(String(cluster?.[1].Properties?.PolicyDocument))).toEqual(policy);
    for (const part of ['users', 'orders', 'sales']) expect(named(part).resources('AWS::DSQL::Cluster')).toEqual([]);
  });

  it('each have a database role, a bucket and a state machine of their own', () => {
    const roles = ['users', 'orders', 'sales'].map(
      (part) => named(part).resources('Custom::EtlBootstrap')[0]?.[1].Properties?.Role,
    );
    expect(roles).toEqual([
      'dsql_etl_users',
      expect.stringMatching(/^dsql_etl_orders_2026_[0-9a-f]{8}$/),
      'dsql_etl_sales',
    ]);
    const machines = ['users', 'orders', 'sales'].map(
      (part) => named(part).resources('AWS::StepFunctions::StateMachine')[0]?.[1].Properties?.StateMachineName,
    );
    expect(new Set(machines).size).toBe(3);
    expect(named('users').resources('AWS::S3::Bucket').length).toBeGreaterThan(0);
  });

  it('may read the secrets of their own pipeline, where the API is called, values are hidden or the channel is told, and no others', () => {
    expect(secretsIn(named('users'))).toEqual(['shared/token', 'users/hook', 'users/mask', 'users/token']);
    expect(secretsIn(named('orders'))).toEqual(['orders/key', 'shared/token']);
    expect(secretsIn(named('sales'))).toEqual([]);
    const policies = named('users').resources('AWS::IAM::Policy');
    const reading = policies.filter(([, { Properties }]) => JSON.stringify(Properties).includes('secretsmanager:'));
    const readers = reading.map(([id, { Properties }]) => [
      /Functions(\w+)Role/.exec(id)?.[1],
      [...JSON.stringify(Properties).matchAll(/secret:([a-z]+\/[a-z]+)-/g)].map(([, name]) => name).sort(),
    ]);
    expect(Object.fromEntries(readers)).toEqual({
      Extract: ['shared/token', 'users/token'],
      Transform: ['users/mask'],
      Scatter: ['users/mask'],
      Notify: ['users/hook'],
    });
  });

  it('may read the files that rules look up where the rules are computed, and sources where rows are read', () => {
    const readersOf = (object: string) =>
      named('sales')
        .resources('AWS::IAM::Policy')
        .filter(([, { Properties }]) => JSON.stringify(Properties).includes(`:s3:::${object}`))
        .map(([id]) => /Functions(\w+)Role/.exec(id)?.[1])
        .sort();
    expect(readersOf('ref/countries.csv')).toEqual(['Scatter', 'Transform']);
    expect(readersOf('in/sales.csv')).toEqual(['Extract', 'Record', 'Scatter', 'Transform']);
    // A packed object is copied by extract, and nobody else needs it.
    expect(readersOf('in/old.csv.gz')).toEqual(['Extract', 'Record']);
  });

  it('learn of the cluster by parameters, so that no stack holds another by an export', () => {
    for (const stack of stacks.values()) expect(JSON.stringify(stack.template)).not.toMatch(/ImportValue|"Export"/);
    const names = named('cluster')
      .resources('AWS::SSM::Parameter')
      .map(([, { Properties }]) => Properties?.Name);
    expect(names).toEqual([
      '/dsql-etl/dev/cluster/hostname',
      '/dsql-etl/dev/cluster/arn',
      '/dsql-etl/dev/cluster/identifier',
    ]);
    for (const part of ['users', 'orders', 'sales']) {
      expect(Object.values(named(part).template.Parameters ?? {}).map(({ Default }) => Default)).toEqual(
        expect.arrayContaining(names),
      );
    }
  });

  it("keep AWS's own schema and the rules of encryption, public access, TLS and wildcards", () => {
    for (const stack of stacks.values()) expect([...checkProperties(stack), ...checkRules(stack)]).toEqual([]);
  });
});

describe('what services of one pipeline each are called', () => {
  const partsOf = (...names: readonly string[]) =>
    serviceParts(
      parseConfig(
        `pipelines: { ${names.map((name) => `${JSON.stringify(name)}: { source_type: file, file_path: s3://a/b, target_table: t }`).join(', ')} }
deploy: { isolation: pipeline }`,
        'etl.yaml',
      ),
    );

  it('differs also for names that are alike, long, or of other alphabets, and is a name that AWS and DSQL take', () => {
    const names = [
      'a b',
      'a-b',
      'A_b',
      'ユーザー',
      '注文',
      'x'.repeat(100),
      `${'x'.repeat(99)}y`,
      '-',
      '_',
      'cluster',
      'x'.repeat(14),
      `${'x'.repeat(14)} ${'y'.repeat(20)}`,
    ];
    const parts = partsOf(...names);
    expect(new Set(parts.map(({ suffix }) => suffix)).size).toBe(names.length);
    expect(new Set(parts.map(({ config }) => config.aurora_dsql.user)).size).toBe(names.length);
    for (const { config, suffix } of parts) {
      expect(suffix).toMatch(/^-[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(config.aurora_dsql.user).toMatch(/^[a-z_][a-z0-9_]{1,62}$/);
    }
  });

  it('may be many, because the slots of load functions are counted in the cluster that they share', () => {
    const names = Array.from({ length: 30 }, (_, index) => `p${index}`);
    expect(partsOf(...names)).toHaveLength(30);
  });

  it('leaves the policy of a cluster that is there already to its owner', () => {
    const pipeline = 'p: { source_type: file, file_path: a, target_table: t }';
    expect(() =>
      parseConfig(
        `aurora_dsql: { hostname: a.example.com }\npipelines: { ${pipeline} }\ndeploy: { cluster_policy: ${JSON.stringify(policy)} }`,
        'etl.yaml',
      ),
    ).toThrow(/cluster_policy: is for a cluster that the deployment makes/);
  });
});

describe('the keys that functions may read', () => {
  it.each([
    ['s3://in/sales.csv', ['sales.csv']],
    ['s3://in/2026/sales.csv', ['2026/sales.csv']],
    ['s3://in/sales/', ['sales/*']],
    ['s3://in/', ['*']],
    ['s3://in/sales/2026-*.csv', ['sales/*']],
    ['s3://in/sales*/x.csv', ['*']],
  ])('of %s are %j: one key, or a folder', (file_path, keys) => {
    const { pipelines } = parseConfig(
      `pipelines: { p: { source_type: file, file_path: ${JSON.stringify(file_path)}, target_table: t } }`,
      'etl.yaml',
    );
    expect(pipelines.p === undefined ? [] : placesOf(pipelines.p).map((place) => place.keys)).toEqual(keys);
  });
});
