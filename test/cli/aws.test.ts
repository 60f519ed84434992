import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from '../../lib/cli/main.ts';
import {
  type Ended,
  environmentOf,
  type StepFunctionsServer,
  stepFunctionsServer,
} from '../support/aws/step-functions-server.ts';

const machine = 'dsql-etl-dev';
const log = (name: string): string =>
  JSON.stringify({ level: 'INFO', message: 'ended', service: 'record', execution: name });

let folder: string;
let config: string;
let aws: StepFunctionsServer;
let printed: { out: string; err: string };
let lastName = '';

const ends: Readonly<Record<string, Ended>> = {
  users: {
    status: 'SUCCEEDED',
    path: ['Begin', 'Start', 'Extract', 'Done'],
    output: { run_id: 'r', rows_read: 5, rows_filtered: 1, rows_deduplicated: 0, rows_rejected: 1, rows_loaded: 3 },
  },
  sales: {
    status: 'FAILED',
    path: ['Begin', 'Start', 'Failed'],
    error: 'InvalidInputError',
    cause: JSON.stringify({ errorType: 'InvalidInputError', errorMessage: 'The object is not there. [invalid_input]' }),
  },
};

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'etl-aws-'));
  config = path.join(folder, 'etl.yaml');
  const file = '{ source_type: file, file_path: a.csv, target_table: t }';
  writeFileSync(config, `pipelines: { users: ${file}, sales: ${file} }\n`);
  aws = await stepFunctionsServer({
    machine,
    run: async ({ pipeline }, name) => {
      lastName = name;
      return ends[String(pipeline)] ?? { status: 'FAILED', path: [] };
    },
    groups: [`${machine}-FunctionsRecordLog1A-x`, `${machine}-FunctionsExtractLog2B-y`, `${machine}-RunsLog3C-z`],
    lines: (group) => (group.includes('Record') ? [log(lastName), log('another')] : []),
  });
});
afterAll(async () => {
  await aws?.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  for (const [name, value] of Object.entries(environmentOf(aws.url))) vi.stubEnv(name, value);
  aws.calls.length = 0;
  printed = { out: '', err: '' };
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed.err += String(text);
    return true;
  });
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const etl = async (...args: string[]): Promise<number> => await main(['aws', ...args, '--config', config]);

describe('etl aws', () => {
  it('starts a run, tells of its states, and ends with its counts', async () => {
    expect(await etl('start', 'users', '--again')).toBe(0);
    expect(printed.err).toMatch(/^Started users in dsql-etl-dev \(us-east-1\): arn:aws:states:.*\n.*Begin\n.*Start\n/);
    expect(printed.out).toMatch(
      /succeeded after [\d.]+ s: read 5, filtered 1, deduplicated 0, rejected 1, loaded 3\n$/,
    );
  });

  it('ends with 1 for a run that failed, with what the function said', async () => {
    expect(await etl('start', 'sales', '--json', '--input', '{"object": {"bucket": "b", "key": "k"}}')).toBe(1);
    expect(JSON.parse(printed.out)).toMatchObject({
      status: 'FAILED',
      error: 'InvalidInputError',
      message: 'The object is not there. [invalid_input]',
    });
  });

  it('shows the last runs of the pipeline and passes over those of others', async () => {
    for (const name of ['sales', 'users', 'sales']) await etl('start', name, '--json');
    printed.out = '';
    expect(await etl('status', 'users', '--json', '--limit', '1')).toBe(0);
    expect(JSON.parse(printed.out)).toMatchObject({
      executions: [{ status: 'SUCCEEDED', output: { rows_loaded: 3 } }],
    });
    printed.out = '';
    expect(await etl('status', 'sales')).toBe(0);
    expect(printed.out).toContain('failed after');
  });

  it('shows what the functions wrote for the last run, and for no other', async () => {
    await etl('start', 'users', '--json');
    printed.out = '';
    expect(await etl('logs', 'users', '--json')).toBe(0);
    const { lines } = JSON.parse(printed.out) as { readonly lines: object[] };
    expect(lines).toMatchObject([{ function: 'record', level: 'INFO', message: 'ended' }]);
  });

  it('repeats a call that was throttled, and starts one execution however often it asks', async () => {
    aws.failures.push([400, 'ThrottlingException'], [500, 'InternalFailure']);
    expect(await etl('status', 'users', '--limit', '1')).toBe(0);
    expect(aws.calls.slice(0, 3)).toEqual(['ListStateMachines', 'ListStateMachines', 'ListStateMachines']);
  });

  it('says which permission is missing, and which services there are', async () => {
    aws.failures.push([400, 'AccessDeniedException']);
    expect(await etl('status', 'users')).toBe(1);
    expect(printed.err).toContain('Ask for the permission states:ListStateMachines');
    printed.err = '';
    expect(await etl('status', 'users', '--stage', 'prod')).toBe(1);
    expect(printed.err).toContain('no state machine dsql-etl-prod in us-east-1. Deployed there: dsql-etl-dev.');
  });

  it('refuses a pipeline that the configuration does not have, and input that is no object', async () => {
    expect(await etl('start', 'user')).toBe(2);
    expect(printed.err).toContain('Did you mean "users"?');
    expect(await etl('start', 'users', '--input', '[1]')).toBe(2);
    expect(aws.calls).toEqual([]);
  });
});
