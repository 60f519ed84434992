import type { IncomingMessage } from 'node:http';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { serve, type TestServer } from '../http-server.ts';
import { account, region } from './assembly.ts';

/** What an execution of the state machine comes to. */
export interface Ended {
  readonly status: string;
  readonly output?: unknown;
  readonly error?: string;
  readonly cause?: string;
  /** States entered, in order. */
  readonly path: readonly string[];
}

export interface StepFunctionsServer extends TestServer {
  /** Operations asked for, in order. */
  readonly calls: string[];
  /** Errors that the next calls get instead of an answer: status and type. */
  readonly failures: (readonly [number, string])[];
}

interface Execution {
  readonly executionArn: string;
  readonly name: string;
  readonly input: string;
  readonly startDate: number;
  stopDate?: number;
  ended?: Ended;
}

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };

/** The variables under which a process finds the server. */
export function environmentOf(url: string): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL_SFN: url,
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: url,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: region,
  };
}

/**
 * Step Functions and CloudWatch Logs on loopback, as far as `etl aws` speaks to them: one state machine, whose executions
 * `run` carries out, and the lines that `lines` gives for a log group. Requests with a wrong signature are refused.
 */
export async function stepFunctionsServer(options: {
  readonly machine: string;
  readonly run: (input: Readonly<Record<string, unknown>>, name: string) => Promise<Ended>;
  readonly groups?: readonly string[];
  readonly lines?: (group: string) => readonly string[];
}): Promise<StepFunctionsServer> {
  const arn = `arn:aws:states:${region}:${account}:stateMachine:${options.machine}`;
  const executions: Execution[] = [];
  const calls: string[] = [];
  const failures: (readonly [number, string])[] = [];
  const described = ({ ended, ...execution }: Execution): object => ({
    ...execution,
    status: ended?.status ?? 'RUNNING',
    ...(ended?.output === undefined ? {} : { output: JSON.stringify(ended.output) }),
    ...(ended?.error === undefined ? {} : { error: ended.error, cause: ended.cause }),
  });
  const found = (executionArn: unknown): Execution => {
    const execution = executions.find((one) => one.executionArn === executionArn);
    if (execution === undefined) throw new Error('ExecutionDoesNotExist');
    return execution;
  };
  const start = ({ input, name }: Readonly<Record<string, string>>): object => {
    const known = executions.find((one) => one.name === name);
    if (known !== undefined) return known;
    const execution: Execution = {
      executionArn: `${arn.replace('stateMachine', 'execution')}:${name}`,
      name: name ?? '',
      input: input ?? '',
      startDate: Date.now() / 1000,
    };
    executions.unshift(execution);
    void options.run(JSON.parse(execution.input) as Record<string, unknown>, execution.name).then((ended) => {
      execution.ended = ended;
      execution.stopDate = Date.now() / 1000;
    });
    return execution;
  };
  const operations: Readonly<Record<string, (input: Readonly<Record<string, string>>) => object>> = {
    ListStateMachines: () => ({ stateMachines: [{ name: options.machine, stateMachineArn: arn }] }),
    DescribeStateMachine: () => ({
      definition: JSON.stringify({
        FunctionName: `arn:aws:lambda:x:function:${options.machine}-FunctionsRecordFunction`,
      }),
    }),
    StartExecution: start,
    DescribeExecution: ({ executionArn }) => described(found(executionArn)),
    ListExecutions: ({ nextToken }) => {
      const from = Number(nextToken ?? 0);
      return {
        executions: executions.slice(from, from + 2).map((one) => ({ ...one, status: one.ended?.status ?? 'RUNNING' })),
        ...(from + 2 < executions.length ? { nextToken: String(from + 2) } : {}),
      };
    },
    GetExecutionHistory: ({ executionArn }) => ({
      events: (found(executionArn).ended?.path ?? [])
        .map((name, index) => ({ id: index + 1, timestamp: 0, stateEnteredEventDetails: { name } }))
        .reverse(),
    }),
    DescribeLogGroups: ({ logGroupNamePrefix = '' }) => ({
      logGroups: (options.groups ?? [])
        .filter((name) => name.startsWith(logGroupNamePrefix))
        .map((logGroupName) => ({ logGroupName })),
    }),
    FilterLogEvents: ({ filterPattern = '', logGroupName = '' }) => {
      const [, wanted] = /^\{ \$\.execution = "([^"]+)" \}$/.exec(filterPattern) ?? [];
      const lines = (options.lines?.(logGroupName) ?? []).filter((line) => line.includes(`"execution":"${wanted}"`));
      return { events: lines.map((message, index) => ({ timestamp: Date.now() + index, message })) };
    },
  };
  const server = await serve(async (request, response) => {
    const body = await bodyOf(request);
    const [, operation = ''] = String(request.headers['x-amz-target']).split('.');
    calls.push(operation);
    const failure = failures.shift();
    const refused = failure ?? ((await signed(request, body)) ? undefined : ([403, 'SignatureDoesNotMatch'] as const));
    if (refused !== undefined) {
      response.writeHead(refused[0]).end(JSON.stringify({ __type: `com.amazon#${refused[1]}`, message: 'no' }));
      return;
    }
    const answer = operations[operation]?.(JSON.parse(body) as Record<string, string>);
    response.writeHead(answer === undefined ? 400 : 200).end(JSON.stringify(answer ?? { __type: 'UnknownOperation' }));
  });
  return { ...server, calls, failures };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}

/** Whether a request has the signature that the credentials give it. */
async function signed(request: IncomingMessage, body: string): Promise<boolean> {
  const given = String(request.headers.authorization);
  const service = /\/(states|logs)\/aws4_request/.exec(given)?.[1] ?? '';
  const stamp = String(request.headers['x-amz-date']);
  const date = new Date(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  const [, names = ''] = /SignedHeaders=([^,]+)/.exec(given) ?? [];
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 });
  const wanted = names.split(';').filter((name) => !/^x-amz-(date|content-sha256)$/.test(name));
  const again = await signer.sign(
    {
      method: 'POST',
      protocol: 'http:',
      hostname: '127.0.0.1',
      path: '/',
      query: {},
      headers: Object.fromEntries(wanted.map((name) => [name, String(request.headers[name])])),
      body,
    },
    { signingDate: date },
  );
  return again.headers.authorization === given;
}
