import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forEachFunction, functionNames } from '../../lib/infra/function-names.ts';
import { runMetrics } from '../../lib/metric-names.ts';
import { type Assembly, synthesize, synthesizeTemplates } from '../support/aws/assembly.ts';
import { checkRules } from '../support/aws/guard-rules.ts';
import { grantsOf } from '../support/aws/permissions.ts';
import { checkProperties } from '../support/aws/property-check.ts';
import { sampleConfig } from '../support/aws/sample-config.ts';
import { deployedFunctions } from '../support/lambda/deployed-function.ts';

const validateAsl = createRequire(import.meta.url)('asl-validator') as (definition: unknown) => {
  readonly isValid: boolean;
  readonly errorsText: () => string;
};

const settings = `
  landed:
    source_type: file
    file_path: s3://incoming-bucket/in/*.csv
    target_table: landed
    trigger: { bucket: incoming-bucket, prefix: in/, suffix: .csv }
    notify: { on_success: true, emails: [owner@example.com] }
  hourly:
    source_type: api
    endpoint: users
    target_table: hourly
    auth: { type: bearer, token: { secret: api/token } }
    schedule: { cron: "0 3 * * ? *", time_zone: Asia/Tokyo }
deploy: { architecture: x86_64, notify: { emails: [team@example.com] }, alarms: { dpu_a_day: 100000 } }
`;

let folder: string;
let assembly: Assembly;
let production: Assembly;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'etl-synth-'));
  const config = path.join(folder, 'etl.yaml');
  writeFileSync(config, sampleConfig('https://api.example.com', settings));
  assembly = synthesize(path.join(folder, 'dev'), { config }).stack('dsql-etl-dev');
  production = synthesizeTemplates(path.join(folder, 'prod'), { config, stage: 'prod' }).stack('dsql-etl-prod');
}, 120_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the template', () => {
  it('has no finding of cdk-nag without a reason, and would have one for an open bucket', () => {
    const reportOf = (name: string): string => readFileSync(path.join(folder, name, 'validation-report.json'), 'utf8');
    expect(JSON.parse(reportOf('dev'))).toMatchObject({ pluginReports: [] });
    expect(JSON.parse(reportOf('prod'))).toMatchObject({ pluginReports: [] });
    const open = (): unknown =>
      synthesizeTemplates(path.join(folder, 'open'), { config: path.join(folder, 'etl.yaml') }, (app) => {
        new Bucket(app.node.findChild('dsql-etl-dev') as Stack, 'Open');
      });
    expect(open).toThrow(/AwsSolutions-S10/);
  }, 60_000);

  it("has properties as AWS's own schema has them", () => {
    expect(checkProperties(assembly)).toEqual([]);
    expect(checkProperties(production)).toEqual([]);
  });

  it('keeps the rules of encryption, public access, TLS and wildcards', () => {
    expect(checkRules(assembly)).toEqual([]);
    expect(checkRules(production)).toEqual([]);
  });

  it('breaks the rules when something is taken away, so the rules are no formality', () => {
    const broken = structuredClone(assembly.template) as {
      Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
    };
    for (const resource of Object.values(broken.Resources)) {
      delete resource.Properties.BucketEncryption;
      delete resource.Properties.KmsMasterKeyId;
      delete resource.Properties.RetentionInDays;
      if (resource.Type === 'AWS::IAM::Policy')
        resource.Properties.PolicyDocument = { Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] };
      if (resource.Type === 'AWS::S3::BucketPolicy') resource.Properties.PolicyDocument = { Statement: [] };
      if (resource.Type === 'AWS::DSQL::Cluster') resource.Properties.Colour = 'red';
    }
    const resources: Assembly['resources'] = (type) =>
      Object.entries(broken.Resources).filter(([, resource]) => resource.Type === type);
    const changed = { ...assembly, template: broken, resources };
    expect(checkRules(changed).length).toBeGreaterThan(10);
    expect(checkProperties(changed)).toEqual([expect.stringContaining('Colour is unknown')]);
  });

  it('has a state machine that asl-validator accepts', () => {
    const { errorsText, isValid } = validateAsl(assembly.machine());
    expect(isValid ? '' : errorsText()).toBe('');
  });

  it('orders timeouts: transaction < functions < tasks < run', () => {
    const machine = assembly.machine();
    const functions = Object.values(deployedFunctions(assembly));
    const maps = ['Load', 'Load distributed'].map((name) => machine.States[name]?.ItemProcessor as typeof machine);
    const tasks = [machine, ...maps].flatMap((one) => Object.values(one.States));
    for (const task of tasks.filter((state) => state.Type === 'Task' && String(state.Resource).includes('lambda'))) {
      const { FunctionName } = task.Arguments as { readonly FunctionName: string };
      const fn = functions.find((candidate) => FunctionName.startsWith(`${candidate.arn}:`));
      expect(Number(task.TimeoutSeconds)).toBeGreaterThan(fn?.timeoutSeconds ?? Number.POSITIVE_INFINITY);
      expect(machine.TimeoutSeconds).toBeGreaterThan(Number(task.TimeoutSeconds));
    }
    // DSQL ends a transaction after 300 s.
    for (const fn of functions.filter((one) => ['load.handler', 'bootstrap.handler'].includes(one.handler))) {
      expect(fn.timeoutSeconds).toBeGreaterThan(300);
    }
  });

  it('gives each function the variables it needs, and admin to bootstrap alone', () => {
    const functions = deployedFunctions(assembly);
    const variables = Object.fromEntries(
      Object.entries(functions).map(([name, fn]) => [
        name,
        Object.keys(fn.environment)
          .filter((key) => key.startsWith('ETL_'))
          .sort(),
      ]),
    );
    const common = [
      'ETL_ASSETS_BUCKET',
      'ETL_DSQL_HOSTNAME',
      'ETL_DSQL_REGION',
      'ETL_DSQL_USER',
      'ETL_SERVICE',
      'ETL_STAGE',
      'ETL_STAGING_BUCKET',
    ];
    expect(variables).toEqual({
      ...forEachFunction(() => common),
      record: [...common, 'ETL_LOG_GROUPS'].sort(),
      notify: [...common, 'ETL_DEAD_LETTERS_URL', 'ETL_LOG_GROUPS', 'ETL_TOPIC_ARN'].sort(),
      collect: [...common, 'ETL_STATE_MACHINE_ARN'].sort(),
      bootstrap: [...common, 'ETL_DSQL_ROLE'].sort(),
    });
    const groups = JSON.stringify(functions.record?.environment.ETL_LOG_GROUPS);
    for (const name of functionNames) expect(groups).toMatch(new RegExp(`Functions${name}Log`, 'i'));
    const admins = Object.entries(functions).filter(([, fn]) => fn.environment.ETL_DSQL_USER === 'admin');
    expect(admins.map(([name]) => name)).toEqual(['bootstrap']);
  });

  it('has a schedule in its time zone, and a rule for objects of prefix and suffix', () => {
    expect(assembly.resources('AWS::Scheduler::Schedule').map(([, { Properties }]) => Properties)).toMatchObject([
      { ScheduleExpression: 'cron(0 3 * * ? *)', ScheduleExpressionTimezone: 'Asia/Tokyo', State: 'ENABLED' },
    ]);
    const mappings = assembly.resources('AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => Properties);
    expect(mappings).toMatchObject([{ MaximumBatchingWindowInSeconds: 5, ScalingConfig: { MaximumConcurrency: 2 } }]);
    const patterns = JSON.stringify(
      assembly.resources('AWS::Events::Rule').map(([, { Properties }]) => Properties?.EventPattern),
    );
    expect(patterns).toContain('{"wildcard":"in/*.csv"}');
  });

  it('reads exactly the sources and secrets that the configuration names', () => {
    const policies = JSON.stringify(assembly.resources('AWS::IAM::Policy'));
    expect(policies).toContain('incoming-bucket/in/*');
    expect(policies).toContain('secret:api/token-??????');
    expect(policies.match(/secretsmanager:GetSecretValue/g)).toHaveLength(1);
  });

  it('subscribes people to everything, or to their pipeline', () => {
    const subscriptions = assembly.resources('AWS::SNS::Subscription').map(([, { Properties }]) => Properties);
    expect(subscriptions).toMatchObject([
      { Endpoint: 'team@example.com', Protocol: 'email' },
      { Endpoint: 'owner@example.com', Protocol: 'email', FilterPolicy: { pipeline: ['landed'] } },
    ]);
  });

  it('keeps the events of objects in a queue, longer than a call of its function takes, until they are set aside', () => {
    const collect = deployedFunctions(assembly).collect;
    const queues = assembly.resources('AWS::SQS::Queue');
    const [queue] = queues.filter(([id]) => id.startsWith('ObjectsQueue'));
    const { MessageRetentionPeriod, RedrivePolicy, VisibilityTimeout } = (queue?.[1].Properties ?? {}) as {
      readonly MessageRetentionPeriod: number;
      readonly RedrivePolicy: { readonly deadLetterTargetArn: unknown };
      readonly VisibilityTimeout: number;
    };
    expect(VisibilityTimeout).toBeGreaterThanOrEqual(6 * (collect?.timeoutSeconds ?? Number.POSITIVE_INFINITY));
    expect(MessageRetentionPeriod).toBe(14 * 24 * 3_600);
    expect(assembly.resolve(RedrivePolicy.deadLetterTargetArn)).toContain('NoticesDeadLetters');
  });

  it('lets the state machine start, follow and stop its own executions, for distributed maps, read their items, write their results, and keep their errors', () => {
    const [machine] = assembly.resources('AWS::StepFunctions::StateMachine');
    const roleArn = machine?.[1].Properties?.RoleArn as { readonly 'Fn::GetAtt': readonly string[] } | undefined;
    const role = roleArn?.['Fn::GetAtt'][0];
    const granted = grantsOf(assembly)
      .filter((grant) => grant.role === role && /^(states|s3):/.test(grant.action))
      .map(({ action, resource }) => `${action} ${resource.replace(/:\d{12}:/, ':ACCOUNT:')}`);
    const staging = assembly.resources('AWS::S3::Bucket').map(([id]) => assembly.attribute(id, 'Arn'))[0];
    expect(granted.sort()).toEqual([
      `s3:AbortMultipartUpload ${staging}/runs/*/results/*`,
      `s3:GetObject ${staging}/runs/*/lists/*`,
      `s3:GetObject ${staging}/runs/*/results/*`,
      `s3:ListMultipartUploadParts ${staging}/runs/*/results/*`,
      `s3:PutObject ${staging}/runs/*/failures/*`,
      `s3:PutObject ${staging}/runs/*/results/*`,
      'states:DescribeExecution arn:aws:states:us-east-1:ACCOUNT:execution:dsql-etl-dev:*',
      'states:StartExecution arn:aws:states:us-east-1:ACCOUNT:stateMachine:dsql-etl-dev',
      'states:StopExecution arn:aws:states:us-east-1:ACCOUNT:execution:dsql-etl-dev:*',
    ]);
  });

  it('reserves no concurrency, of which a new account has ten', () => {
    const reserved = assembly
      .resources('AWS::Lambda::Function')
      .filter(([, { Properties }]) => Properties?.ReservedConcurrentExecutions !== undefined);
    expect(reserved).toEqual([]);
  });

  it('calls the versions of the functions that a run began with, and keeps them', () => {
    const called = [...JSON.stringify(assembly.machine()).matchAll(/"FunctionName":"([^"]+)"/g)].map(
      ([, arn = '']) => arn,
    );
    expect(called.length).toBeGreaterThan(10);
    expect(called.filter((arn) => !/:function:\w+:\d+$/.test(arn))).toEqual([]);
    const versions = assembly.resources('AWS::Lambda::Version').map(([, version]) => version);
    expect(versions).toHaveLength(functionNames.length);
    for (const version of versions) {
      expect(version).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });
    }
  });

  it('leaves nothing behind where the first deployment fails, but a protected cluster', () => {
    const kept = Object.entries(production.template.Resources).filter(
      ([, { DeletionPolicy }]) => DeletionPolicy === 'Retain',
    );
    expect(kept.map(([, { Type }]) => Type)).toEqual(['AWS::DSQL::Cluster']);
    const survives = ['AWS::DSQL::Cluster', 'AWS::S3::Bucket', 'AWS::KMS::Key', 'AWS::Logs::LogGroup'];
    for (const type of survives) {
      for (const [id, resource] of production.resources(type)) {
        expect(`${id} ${String(resource.DeletionPolicy)}`).toMatch(/ Retain(ExceptOnCreate)?$/);
        expect(resource.UpdateReplacePolicy).toBe('Retain');
      }
    }
  });

  it('protects in production what holds data, and nothing in development', () => {
    const cluster = (of: Assembly) => of.resources('AWS::DSQL::Cluster')[0]?.[1];
    expect(cluster(production)).toMatchObject({
      DeletionPolicy: 'Retain',
      Properties: { DeletionProtectionEnabled: true },
    });
    expect(cluster(assembly)).toMatchObject({
      DeletionPolicy: 'Delete',
      Properties: { DeletionProtectionEnabled: false },
    });
  });

  it('has a section of the runbook for every alarm', () => {
    const runbook = readFileSync('docs/runbook.md', 'utf8');
    const alarms = assembly
      .resources('AWS::CloudWatch::Alarm')
      .map(([, { Properties }]) => String(Properties?.AlarmDescription));
    const sections = alarms.map((alarm) => /See "(\w+)"/.exec(alarm)?.[1]);
    expect(sections.sort()).toEqual([
      'Conflicts',
      'DpuBudget',
      'EventsLost',
      'LoadThrottled',
      'ManyRejected',
      'NoSuccess',
      'NotifyFailed',
      'ObjectsWait',
      'QueueAge',
      'RunsTimedOut',
      'SourceEmpty',
    ]);
    for (const section of sections) expect(runbook).toContain(`## ${section}\n`);
  });

  it('has a dashboard with a row of graphs for the service, one for its cluster, and one for each pipeline', () => {
    const [dashboard] = assembly.resources('AWS::CloudWatch::Dashboard');
    const { widgets } = JSON.parse(assembly.resolve(dashboard?.[1].Properties?.DashboardBody)) as {
      readonly widgets: readonly { readonly properties: { readonly title?: string; readonly metrics?: unknown[] } }[];
    };
    const titles = widgets.map(({ properties }) => properties.title ?? '');
    for (const pipeline of ['users', 'zipcodes', 'landed', 'hourly']) {
      expect(titles.filter((title) => title.startsWith(`${pipeline}: `))).toHaveLength(4);
    }
    expect(titles).toEqual(expect.arrayContaining(['DPU an hour', 'Cost a day, US dollars (estimate)']));
    const shown = JSON.stringify(widgets);
    for (const name of runMetrics)
      expect(shown).toContain(`"DsqlEtl","${name}","pipeline","landed","service","dsql-etl-dev"`);
  });

  it('has an alarm for a scheduled pipeline that has no success in its window, counted from the deployment', () => {
    const [alarm] = assembly
      .resources('AWS::CloudWatch::Alarm')
      .filter(([, { Properties }]) => String(Properties?.AlarmDescription).includes('"NoSuccess"'));
    expect(alarm?.[1].Properties).toMatchObject({
      EvaluationPeriods: 25,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    });
    const metrics = JSON.stringify(alarm?.[1].Properties?.Metrics);
    for (const name of ['RunsSucceeded', 'RunsUnchanged', 'Deployed']) expect(metrics).toContain(name);
  });

  it('is what was reviewed', async () => {
    const shape = Object.entries(assembly.template.Resources)
      .map(([id, { Type }]) => `${Type} ${id.replace(/[0-9A-F]{8}([0-9a-f]{32})?$/, '')}`)
      .sort();
    await expect(`${shape.join('\n')}\n\n${JSON.stringify(assembly.machine(), null, 2)}\n`).toMatchFileSnapshot(
      'template.snap',
    );
  });
});

describe('the bundles', () => {
  const sizeOf = (dir: string): number =>
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0);

  it('hold what Lambda runs and nothing of the local database, within its 250 MB', () => {
    for (const fn of Object.values(deployedFunctions(assembly))) {
      const names = readdirSync(fn.codeDir, { recursive: true }).map(String);
      expect(names).toContain(`${fn.handler.split('.')[0]}.js`);
      expect(names).toContain('etl.json');
      expect(names.filter((name) => /postgres|libpg|typescript|aws-cdk/.test(name))).toEqual([]);
      expect(sizeOf(fn.codeDir)).toBeLessThan(250 * 1024 * 1024);
    }
  });

  it('leave DuckDB out where it is not used, for a quick start', () => {
    const { record, transform } = deployedFunctions(assembly);
    expect(sizeOf(record?.codeDir ?? '')).toBeLessThan(14 * 1024 * 1024);
    expect(readdirSync(record?.codeDir ?? '')).not.toContain('node_modules');
    expect(readdirSync(path.join(transform?.codeDir ?? '', 'node_modules/@duckdb'))).toContain(
      'node-bindings-linux-x64',
    );
  });
});
