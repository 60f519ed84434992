import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/read-config.ts';
import { planFingerprint } from '../../lib/run/plan-fingerprint.ts';
import { synthesizeTemplates } from '../support/aws/assembly.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'etl-refused-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const file = '{ source_type: file, file_path: s3://b/a.csv, target_table: a }';
let runs = 0;

function synth(text: string): unknown {
  runs += 1;
  const config = path.join(folder, `etl-${runs}.yaml`);
  writeFileSync(config, text);
  return synthesizeTemplates(path.join(folder, String(runs)), { config });
}

const wrongSettings: readonly (readonly [string, string, RegExp])[] = [
  ['a rate in the singular of many', 'schedule: { rate: 5 minute }', /must be like "1 hour"/],
  ['rate and cron at once', 'schedule: { rate: 1 hour, cron: "0 3 * * ? *" }', /one of rate and cron/],
  ['a cron of five fields', 'schedule: { cron: "0 3 * * *" }', /six fields/],
  ['a time zone that is none', 'schedule: { rate: 1 hour, time_zone: Mars/Base }', /IANA/],
  ['a bucket that is a URL', 'trigger: { bucket: "s3://b" }', /name of an S3 bucket/],
  ['an address that is none', 'notify: { emails: [me] }', /emails/],
];

describe('a configuration that cannot be deployed', () => {
  it.each(wrongSettings)('with %s is refused by the schema', (_, setting, words) => {
    const text = `pipelines:\n  a:\n    source_type: file\n    file_path: s3://b/a.csv\n    target_table: a\n    ${setting}\n`;
    expect(() => parseConfig(text, 'etl.yaml')).toThrow(words);
  });

  it.each([
    ['regions: [us-east-1, us-east-2]', /belong together/],
    ['regions: [us-east-1, us-east-2], witness: us-east-1', /three different/],
    ['active_region: us-east-1', /must be one of regions/],
    ['max_load_functions: 400, load_connections: 10', /4400 connections at once/],
  ])('with deploy: { %s } is refused by the schema', (setting, words) => {
    expect(() => parseConfig(`pipelines: { a: ${file} }\ndeploy: { ${setting} }`, 'etl.yaml')).toThrow(words);
  });

  it('with a trigger of an API is refused by the schema', () => {
    const api = '{ source_type: api, endpoint: https://a.example/x, target_table: a, trigger: { bucket: bbb } }';
    expect(() => parseConfig(`pipelines: { a: ${api} }`, 'etl.yaml')).toThrow(/source_type file only/);
  });

  it('with a local file that is not there says which', () => {
    expect(() => synth('pipelines: { a: { source_type: file, file_path: gone.csv, target_table: a } }')).toThrow(
      /no file gone\.csv/,
    );
  });

  it('with a local file that a rule looks up says where to put it', () => {
    const rule = '{ type: lookup, from: { file: codes.csv }, on: { a: b }, take: [c] }';
    const pipeline = `{ source_type: file, file_path: s3://in/a.csv, target_table: a, business_rules: [${rule}] }`;
    expect(() => synth(`pipelines: { a: ${pipeline} }`)).toThrow(
      /pipelines\.a\.business_rules\[0\]\.from\.file: codes\.csv is a local file.*put it into S3/,
    );
  });

  it('with a secret of the environment says where to keep it', () => {
    const api =
      '{ source_type: api, endpoint: https://a.example/x, target_table: a, headers: { x-key: { env: KEY } } }';
    expect(() => synth(`pipelines: { a: ${api} }`)).toThrow(/pipelines\.a\.headers\.x-key.*Secrets Manager/s);
  });

  it('with a host name that is no cluster says what one looks like', () => {
    expect(() =>
      synth(`aurora_dsql: { hostname: db.example.com }\npipelines: { a: ${file} }\ndeploy: { architecture: x86_64 }`),
    ).toThrow(/<id>\.dsql\.<region>\.on\.aws/);
  });
});

describe('a cluster that exists', () => {
  it('is used and not created', () => {
    const config = path.join(folder, 'import.yaml');
    const hostname = 'abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws';
    writeFileSync(
      config,
      `aurora_dsql: { hostname: ${hostname} }\npipelines: { a: ${file} }\ndeploy: { architecture: x86_64 }`,
    );
    const stack = synthesizeTemplates(path.join(folder, 'import'), { config }).stack('dsql-etl-dev');
    expect(stack.resources('AWS::DSQL::Cluster')).toEqual([]);
    expect(JSON.stringify(stack.resources('AWS::IAM::Policy'))).toContain('cluster/abcdefghijklmnopqrstuvwxyz');
  }, 120_000);
});

describe('what a run does', () => {
  it('stays the same plan when only its schedule changes', () => {
    const settings = (extra: string) =>
      parseConfig(`pipelines: { a: { source_type: file, file_path: a.csv, target_table: a ${extra} } }`, 'etl.yaml')
        .pipelines.a;
    const [plain, scheduled, renamed] = [
      settings(''),
      settings(', schedule: { rate: 1 hour }'),
      settings(', batch_rows: 7'),
    ];
    if (plain === undefined || scheduled === undefined || renamed === undefined) throw new Error('no settings');
    expect(planFingerprint(scheduled)).toBe(planFingerprint(plain));
    expect(planFingerprint(renamed)).not.toBe(planFingerprint(plain));
  });
});
