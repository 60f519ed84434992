import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/read-config.ts';
import { functionNames } from '../../lib/infra/function-names.ts';
import { type Assembly, type Resource, synthesizeTemplates } from '../support/aws/assembly.ts';
import { checkRules } from '../support/aws/guard-rules.ts';
import { checkProperties } from '../support/aws/property-check.ts';

/** The last twelve digits of a key's id name it in this test. */
const ids = { staging: 'a', logs: 'b', environment: 'c', notices: 'd' } as const;
const key = (name: keyof typeof ids): string =>
  `arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-${ids[name].repeat(12)}`;
const config = `
pipelines:
  sales: { source_type: file, file_path: s3://in-bucket/sales.csv, target_table: sales, schedule: { rate: 1 hour }, trigger: { bucket: in-bucket, prefix: in/ } }
deploy:
  architecture: x86_64
  vpc: { subnets: [subnet-0a1b2c3d4e5f60718, subnet-0b2c3d4e5f6071829], security_groups: [sg-0c3d4e5f60718293a] }
  kms_keys: { staging: "${key('staging')}", logs: "${key('logs')}", environment: "${key('environment')}", notices: "${key('notices')}" }
  tags: { cost-center: "4711", owner: data }
  permissions_boundary: EtlBoundary
stages:
  prod: { deploy: { tags: { owner: data-on-call } } }
`;

let folder: string;
let stack: Assembly;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'etl-company-'));
  const file = path.join(folder, 'etl.yaml');
  writeFileSync(file, config);
  stack = synthesizeTemplates(path.join(folder, 'out'), { config: file, stage: 'prod' }).stack('dsql-etl-prod');
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const functionsBy = (): ReadonlyMap<string, Resource> =>
  new Map(
    stack
      .resources('AWS::Lambda::Function')
      .map(([, resource]) => [String(resource.Properties?.Handler).replace('.handler', ''), resource]),
  );

/** What the role of a function is allowed and denied, as text. */
function policyOf(name: string): string {
  const policies = stack.resources('AWS::IAM::Policy').filter(([id]) => id.toLowerCase().includes(`functions${name}`));
  return JSON.stringify(policies.map(([, { Properties }]) => Properties?.PolicyDocument));
}

describe('a deployment by the rules of a company', () => {
  it("keeps AWS's own schema, the guard rules, and cdk-nag", () => {
    expect([...checkProperties(stack), ...checkRules(stack)]).toEqual([]);
    expect(JSON.parse(readFileSync(path.join(folder, 'out', 'validation-report.json'), 'utf8'))).toMatchObject({
      pluginReports: [],
    });
  });

  it('runs extract, transform, scatter and load in the VPC, whose interfaces Lambda may make and their code may not', () => {
    const inVpc = [...functionsBy()].filter(([, { Properties }]) => Properties?.VpcConfig !== undefined);
    expect(inVpc.map(([name]) => name).sort()).toEqual(['extract', 'load', 'scatter', 'transform']);
    for (const [name, fn] of inVpc) {
      expect(fn.Properties?.VpcConfig).toEqual({
        SubnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0b2c3d4e5f6071829'],
        SecurityGroupIds: ['sg-0c3d4e5f60718293a'],
      });
      // Lambda looks at the role when the function is made, so the policy is there before.
      expect(JSON.stringify(fn.DependsOn)).toMatch(/RoleDefaultPolicy/);
      expect(policyOf(name)).toContain('"Condition":{"Null":{"lambda:SourceFunctionArn":"false"}},"Effect":"Deny"');
    }
    expect(policyOf('record')).not.toContain('ec2:');
  });

  it('encrypts bucket, logs, environment, topic and queues with the keys given, and makes none', () => {
    expect(stack.resources('AWS::KMS::Key')).toEqual([]);
    const ofType = (type: string): string => JSON.stringify(stack.resources(type).map(([, one]) => one.Properties));
    expect(ofType('AWS::S3::Bucket')).toContain(`"KMSMasterKeyID":"${key('staging')}"`);
    for (const [, log] of stack.resources('AWS::Logs::LogGroup')) expect(log.Properties?.KmsKeyId).toBe(key('logs'));
    for (const fn of functionsBy().values()) expect(fn.Properties?.KmsKeyArn).toBe(key('environment'));
    for (const type of ['AWS::SNS::Topic', 'AWS::SQS::Queue']) {
      for (const [, one] of stack.resources(type)) {
        expect(JSON.stringify(one.Properties?.KmsMasterKeyId)).toContain(key('notices').split(':').at(-1));
      }
    }
  });

  it('lets each function use the key of what it reads or writes, and no other', () => {
    const uses = (name: string): readonly string[] =>
      [...new Set([...policyOf(name).matchAll(/([a-d])\1{11}"/g)].map(([, one]) => one))]
        .map((letter) => Object.entries(ids).find(([, id]) => id === letter)?.[0] ?? '')
        .sort();
    expect(uses('transform')).toEqual(['environment', 'staging']);
    expect(uses('notify')).toEqual(['environment', 'notices', 'staging']);
    expect(uses('collect')).toEqual(['environment', 'notices']);
    expect(policyOf('load')).not.toContain('kms:GenerateDataKey');
    expect(policyOf('transform')).toContain('kms:GenerateDataKey');
  });

  it('bounds every role, names those of functions in its outputs, and tags everything by stage', () => {
    for (const [id, role] of stack.resources('AWS::IAM::Role')) {
      expect(JSON.stringify(role.Properties?.PermissionsBoundary), id).toContain('policy/EtlBoundary');
      expect(role.Properties?.Tags).toEqual(
        expect.arrayContaining([
          { Key: 'cost-center', Value: '4711' },
          { Key: 'owner', Value: 'data-on-call' },
          { Key: 'stage', Value: 'prod' },
        ]),
      );
    }
    const outputs = Object.keys((stack.template as unknown as { readonly Outputs: object }).Outputs);
    for (const name of functionNames) expect(outputs).toContain(`${name[0]?.toUpperCase()}${name.slice(1)}Role`);
  });
});

describe('settings of a company', () => {
  it.each([
    [
      'vpc: { subnets: [my-subnet], security_groups: [sg-0c3d4e5f60718293a] }',
      /subnets\[0\]: must be the id of a subnet/,
    ],
    ['kms_keys: { logs: alias/etl }', /kms_keys.logs: must be the ARN of a KMS key/],
    ['tags: { "aws:x": y }', /tags: cannot have a tag that begins with aws:/],
    ['permissions_boundary: "arn:aws:s3:::x"', /permissions_boundary: must be the name or the ARN/],
  ])('are refused when they are %s', (setting, words) => {
    const text = `pipelines: { a: { source_type: file, file_path: s3://b/a.csv, target_table: a } }\ndeploy: { ${setting} }`;
    expect(() => parseConfig(text, 'etl.yaml')).toThrow(words);
  });
});
