import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseConfig } from '../../../lib/config/read-config.ts';
import { writeBundle } from '../../../lib/infra/bundle.ts';
import { type FunctionName, forEachFunction, functionNames } from '../../../lib/infra/function-names.ts';
import { account, region } from '../aws/assembly.ts';
import { askCustomResource } from '../aws/custom-resource.ts';
import { type LocalAws, localAws, type Message } from '../aws/local-aws.ts';
import { type StartedExecution, startedExecutions } from '../aws/started-executions.ts';
import { type DsqlProxy, openDsqlProxy } from '../dsql-proxy.ts';
import { type HttpGate, openHttpGate } from '../http-gate.ts';
import { type LocalTarget, localTarget } from '../local-target.ts';
import { FunctionHost } from './function-host.ts';

/** Every function as it is deployed, beside a local DSQL, S3 and SNS; without a stack and without the state machine. */
export interface BundledFunctions {
  readonly target: LocalTarget;
  readonly proxy: DsqlProxy;
  readonly gate: HttpGate;
  readonly aws: LocalAws;
  readonly stagingBucket: string;
  readonly hosts: Readonly<Record<FunctionName, FunctionHost>>;
  readonly invoke: (name: FunctionName, event: unknown) => Promise<unknown>;
  /** Makes the service's tables and the database role, as CloudFormation has it done. */
  readonly create: () => Promise<void>;
  /** What a function has logged so far, metrics included. */
  readonly logOf: (name: FunctionName) => string;
  /** Executions that were asked for since the last call. */
  readonly started: () => readonly StartedExecution[];
  /** What the dead-letter queue has, up to ten messages. */
  readonly deadLetters: () => Promise<readonly unknown[]>;
  /** Notices published since the last call. */
  readonly messages: () => Promise<readonly Message[]>;
  readonly close: () => Promise<void>;
}

const role = 'dsql_etl';

export interface BundledOptions {
  /** A function, or every one, that reaches the local DSQL through `proxy` and S3 through `gate`, and has ten minutes. */
  readonly proxied?: FunctionName | 'all';
  /** Time of each other function. */
  readonly timeoutSeconds?: number;
  /** Where the functions find the database, in place of the local DSQL itself. */
  readonly dsqlPort?: number;
}

/** Bundles the functions with this configuration and starts what they talk to; a function starts when it is called. */
export async function bundledFunctions(
  configuration: string,
  { dsqlPort, proxied, timeoutSeconds = 60 }: BundledOptions = {},
): Promise<BundledFunctions> {
  const folder = mkdtempSync(path.join(tmpdir(), 'etl-functions-'));
  const codeDir = path.join(folder, 'code');
  const config = JSON.stringify(parseConfig(configuration, 'etl.yaml'));
  const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';
  writeBundle(codeDir, { entries: functionNames, architecture, duckDb: true, config });
  const [target, aws] = await Promise.all([localTarget(), localAws()]);
  const proxy = await openDsqlProxy(path.join(target.folder, 'state'), target.hold.endpoint);
  const topic = await aws.createTopic('notices');
  const stagingBucket = 'staging';
  await aws.createBucket(stagingBucket);
  const states = await startedExecutions();
  const { QueueUrl } = await aws.sqs('CreateQueue', { QueueName: 'dead-letters' });
  const deadLetters = String(QueueUrl);
  const caFile = path.join(folder, 'ca.pem');
  writeFileSync(caFile, target.hold.endpoint.ca);
  const endpoint = `http://127.0.0.1:${aws.port}`;
  const gate = await openHttpGate(aws.port);
  const isProxied = (name: FunctionName): boolean => proxied === 'all' || proxied === name;
  const hosts = forEachFunction(
    (name) =>
      new FunctionHost({
        folder,
        node: process.execPath,
        fn: {
          logicalId: name,
          arn: `arn:aws:lambda:${region}:${account}:function:${name}`,
          handler: `${name}.handler`,
          codeDir,
          environment: {
            ETL_STAGE: 'test',
            ETL_DSQL_HOSTNAME: target.hold.endpoint.hostname,
            ETL_DSQL_REGION: target.hold.endpoint.region,
            ETL_DSQL_USER: name === 'bootstrap' ? 'admin' : role,
            ETL_DSQL_ROLE: role,
            ETL_DSQL_PORT: String(isProxied(name) ? proxy.port : (dsqlPort ?? target.hold.endpoint.port)),
            ETL_STAGING_BUCKET: stagingBucket,
            ETL_TOPIC_ARN: topic.arn,
            ETL_STATE_MACHINE_ARN: `arn:aws:states:${region}:${account}:stateMachine:etl`,
            ETL_DEAD_LETTERS_URL: deadLetters,
            ETL_LOG_GROUPS: 'etl-record-log,etl-load-log',
            POWERTOOLS_SERVICE_NAME: name,
            POWERTOOLS_METRICS_NAMESPACE: 'DsqlEtl',
          },
          memoryMb: 1_024,
          timeoutSeconds: isProxied(name) ? 600 : timeoutSeconds,
          runtime: 'nodejs24.x',
          roleId: `${name}Role`,
        },
        environment: {
          AWS_REGION: region,
          AWS_ACCESS_KEY_ID: target.hold.credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: target.hold.credentials.secretAccessKey,
          AWS_ENDPOINT_URL_S3: isProxied(name) ? `http://127.0.0.1:${gate.port}` : endpoint,
          AWS_ENDPOINT_URL_SNS: endpoint,
          AWS_ENDPOINT_URL_SQS: endpoint,
          AWS_ENDPOINT_URL_SFN: states.url,
          NODE_EXTRA_CA_CERTS: caFile,
        },
      }),
  );
  return {
    target,
    proxy,
    gate,
    aws,
    stagingBucket,
    hosts,
    invoke: async (name, event) => await hosts[name].invoke(event),
    create: async () => {
      const { answers } = await askCustomResource(async (event) => await hosts.bootstrap.invoke(event), {
        RequestType: 'Create',
        ResourceProperties: { RoleArns: [`arn:aws:iam::${account}:role/record`] },
      });
      if (answers[0]?.Status !== 'SUCCESS') throw new Error(`The bootstrap answered ${JSON.stringify(answers)}`);
    },
    messages: topic.messages,
    logOf: (name) => hosts[name].log,
    started: states.taken,
    deadLetters: async () => {
      const { Messages } = await aws.sqs('ReceiveMessage', { QueueUrl: deadLetters, MaxNumberOfMessages: 10 });
      return ((Messages ?? []) as { readonly Body: string }[]).map(({ Body }) => JSON.parse(Body) as unknown);
    },
    close: async () => {
      for (const host of Object.values(hosts)) host.close();
      await proxy.close();
      await gate.close();
      await states.close();
      await aws.close();
      await target.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
