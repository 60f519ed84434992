import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import type { TestServer } from '../http-server.ts';
import { type DeployedFunction, deployedFunctions } from '../lambda/deployed-function.ts';
import { FunctionHost } from '../lambda/function-host.ts';
import { type LocalTarget, localTarget } from '../local-target.ts';
import { StatesError } from '../states-interpreter/errors.ts';
import { interpret, type Outcome } from '../states-interpreter/interpret.ts';
import type { Task } from '../states-interpreter/walk.ts';
import { type Assembly, account, region, synthesize } from './assembly.ts';
import { bucketObjects } from './bucket-objects.ts';
import { askCustomResource } from './custom-resource.ts';
import { deliverMessages } from './deliver-messages.ts';
import { type BridgeEvent, emit } from './event-bridge.ts';
import { type LocalAws, localAws, type Message } from './local-aws.ts';
import { type LocalQueues, localQueues } from './local-queues.ts';
import { type AwsCall, type Network, record } from './recorder.ts';
import { type StartedExecution, startedExecutions } from './started-executions.ts';

export interface DeploymentOptions {
  /** Text of the configuration. */
  readonly config: string;
  /** The Node that runs the functions. */
  readonly node?: string;
}

/** The synthesized service, deployed onto this machine. */
export interface Deployment {
  readonly assembly: Assembly;
  readonly aws: LocalAws;
  readonly target: LocalTarget;
  readonly hosts: Readonly<Record<string, FunctionHost>>;
  readonly functions: Readonly<Record<string, DeployedFunction>>;
  readonly calls: AwsCall[];
  /** Starts an execution, as the console does. */
  readonly execute: (input: unknown, name?: string) => Promise<Outcome>;
  /** What happens before a task of this state begins. */
  readonly before: Map<string, () => Promise<void> | void>;
  /** What happens about the calls of AWS by functions. */
  readonly network: Network;
  readonly executionArn: (name: string) => string;
  /** What EventBridge does with an event: the inputs of the executions it starts, and calls of functions it makes. */
  readonly emit: (event: BridgeEvent) => Promise<readonly unknown[]>;
  readonly messages: () => Promise<readonly Message[]>;
  readonly queues: LocalQueues;
  /** What Lambda does with the queues: gives collect what they have, and deletes what it has dealt with. */
  readonly deliver: () => Promise<void>;
  /** The executions that functions have asked for since the last call. */
  readonly started: () => readonly StartedExecution[];
  /** Delivers what is in the queues and runs the executions that are asked for, until there are none; gives their outcomes. */
  readonly settle: () => Promise<readonly Outcome[]>;
  /** Sends what CloudFormation sends for the bootstrap resource, and gives its answer. */
  readonly bootstrap: (type: 'Create' | 'Update' | 'Delete') => Promise<Readonly<Record<string, unknown>>>;
  readonly close: () => Promise<void>;
}

const stackName = 'dsql-etl-test';

/** Synthesizes the configuration and runs what came out: bundles in child processes, state machine in the interpreter. */
export async function deploy(options: DeploymentOptions): Promise<Deployment> {
  const folder = mkdtempSync(path.join(tmpdir(), 'etl-deploy-'));
  const configFile = path.join(folder, 'etl.yaml');
  writeFileSync(configFile, options.config);
  const app = synthesize(path.join(folder, 'cdk.out'), { config: configFile, stage: 'test' });
  const target = await localTarget();
  const aws = await localAws();
  const topic = await aws.createTopic('notices');
  const assembly = app.stack(stackName, {
    'Target.*\\.Endpoint': target.hold.endpoint.hostname,
    NoticesTopic: topic.arn,
    'NoticesTopic.*': topic.arn,
  });
  const caFile = path.join(folder, 'ca.pem');
  writeFileSync(caFile, target.hold.endpoint.ca);
  const functions = deployedFunctions(assembly);
  const queues = await localQueues(assembly, aws);
  const states = await startedExecutions();
  const [dead] = assembly.resources('AWS::SQS::Queue').filter(([id]) => id.includes('DeadLetters'));
  const deadLetters = queues.url(dead?.[0] ?? '');
  const calls: AwsCall[] = [];
  const recorders: TestServer[] = [];
  const network: Network = { before: async () => undefined, read: () => undefined };
  const hosts: Record<string, FunctionHost> = {};
  for (const [name, fn] of Object.entries(functions)) {
    const recorder = await record(name, { port: aws.port, states }, calls, network);
    recorders.push(recorder);
    hosts[name] = new FunctionHost({
      fn,
      folder,
      node: options.node ?? process.execPath,
      environment: {
        AWS_REGION: region,
        AWS_ACCESS_KEY_ID: target.hold.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: target.hold.credentials.secretAccessKey,
        AWS_ENDPOINT_URL_S3: recorder.url,
        AWS_ENDPOINT_URL_SNS: recorder.url,
        AWS_ENDPOINT_URL_SQS: recorder.url,
        AWS_ENDPOINT_URL_SFN: recorder.url,
        ...(fn.environment.ETL_DEAD_LETTERS_URL === undefined ? {} : { ETL_DEAD_LETTERS_URL: deadLetters }),
        ETL_DSQL_PORT: String(target.hold.endpoint.port),
        NODE_EXTRA_CA_CERTS: caFile,
      },
    });
  }
  await uploadAssets(assembly, aws, functions);
  const machine = assembly.machine();
  const byArn = new Map(Object.entries(functions).map(([name, fn]) => [fn.arn, hosts[name]]));
  const stateMachineArn = `arn:aws:states:${region}:${account}:stateMachine:${stackName}`;
  const sns = new SNSClient({
    endpoint: `http://127.0.0.1:${aws.port}`,
    region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const objects = bucketObjects(aws.s3, calls);
  const before: Deployment['before'] = new Map();
  const executionArn = (name: string): string => `${stateMachineArn.replace('stateMachine', 'execution')}:${name}`;
  const runTask = async ({ args, resource, state }: Task): Promise<unknown> => {
    await before.get(state)?.();
    if (resource === 'arn:aws:states:::lambda:invoke') {
      const [, unqualified = '', version] = /^(.*:function:[^:]+):(\d+)$/.exec(String(args.FunctionName)) ?? [];
      const host = byArn.get(unqualified);
      if (host === undefined) throw new Error(`No function ${String(args.FunctionName)}`);
      calls.push({ principal: 'machine', action: 'lambda:InvokeFunction', resource: String(args.FunctionName) });
      return { StatusCode: 200, ExecutedVersion: version, Payload: await host.invoke(args.Payload) };
    }
    if (resource === 'arn:aws:states:::sns:publish') {
      calls.push({ principal: 'machine', action: 'sns:Publish', resource: String(args.TopicArn) });
      return await sns.send(new PublishCommand(args as never));
    }
    if (resource === 'arn:aws:states:::aws-sdk:s3:putObject') {
      await objects.put(String(args.Bucket), String(args.Key), String(args.Body));
      return {};
    }
    throw new StatesError('States.Runtime', `No resource ${resource}`);
  };
  const execute: Deployment['execute'] = async (input, name = randomUUID()) => {
    const outcome = await interpret(machine, {
      input: JSON.parse(JSON.stringify(input)) as unknown,
      execution: { Id: executionArn(name), Name: name, StartTime: new Date().toISOString() },
      runTask,
      objects,
    });
    // Step Functions starts the children of a distributed map as executions of the machine, by its own role.
    for (const _ of outcome.mapRuns)
      calls.push({ principal: 'machine', action: 'states:StartExecution', resource: stateMachineArn });
    return outcome;
  };
  const deliver = async (): Promise<void> => await deliverMessages(assembly, queues, byArn);
  return {
    assembly,
    aws,
    target,
    hosts,
    functions,
    calls,
    messages: topic.messages,
    before,
    network,
    executionArn,
    queues,
    emit: async (event) => await emit(assembly, event, byArn, queues),
    deliver,
    started: states.taken,
    settle: async () => {
      const outcomes: Outcome[] = [];
      for (;;) {
        await deliver();
        const asked = states.taken();
        if (asked.length === 0) return outcomes;
        outcomes.push(...(await Promise.all(asked.map(({ input, name }) => execute(input, name)))));
      }
    },
    execute,
    bootstrap: async (type) => await askBootstrap(assembly, hosts, type),
    close: async () => {
      for (const host of Object.values(hosts)) host.close();
      await Promise.all(recorders.map((recorder) => recorder.close()));
      sns.destroy();
      await states.close();
      await aws.close();
      await target.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What `cdk deploy` uploads: the local files of the configuration; and the staging bucket, empty. */
async function uploadAssets(assembly: Assembly, aws: LocalAws, functions: Deployment['functions']): Promise<void> {
  const { ETL_ASSETS_BUCKET: assets, ETL_STAGING_BUCKET: staging } = functions.extract?.environment ?? {};
  await aws.createBucket(staging ?? '');
  if (assets === undefined) return;
  await aws.createBucket(assets);
  const manifest = JSON.parse(readFileSync(path.join(assembly.folder, `${stackName}.assets.json`), 'utf8')) as {
    readonly files: Readonly<
      Record<
        string,
        {
          readonly source: { readonly path: string; readonly packaging: string };
          readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
        }
      >
    >;
  };
  for (const { destinations, source } of Object.values(manifest.files)) {
    const [destination] = Object.values(destinations);
    if (source.packaging !== 'file' || source.path.endsWith('.template.json')) continue;
    await aws.putObject(assets, destination?.objectKey ?? '', readFileSync(path.join(assembly.folder, source.path)));
  }
}

async function askBootstrap(
  assembly: Assembly,
  hosts: Deployment['hosts'],
  type: 'Create' | 'Update' | 'Delete',
): Promise<Readonly<Record<string, unknown>>> {
  const [entry] = assembly.resources('Custom::EtlBootstrap');
  const properties = entry?.[1].Properties as { readonly RoleArns: readonly unknown[] };
  const { answers } = await askCustomResource(async (event) => await hosts.bootstrap?.invoke(event), {
    RequestType: type,
    ResourceProperties: { RoleArns: properties.RoleArns.map((one) => assembly.resolve(one)) },
  });
  return answers[0] ?? {};
}
