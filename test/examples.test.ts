import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { smoke } from '../examples/smoke-checks.ts';
import { loadConfig } from '../lib/config/read-config.ts';
import {
  type Ended,
  environmentOf,
  type StepFunctionsServer,
  stepFunctionsServer,
} from './support/aws/step-functions-server.ts';

describe('examples/etl.yaml', () => {
  it('shows a schedule, a trigger and notices, of which npm run synth makes what they are', () => {
    const { deploy, pipelines } = loadConfig('examples/etl.yaml').config;
    expect(deploy.notify.emails).toHaveLength(1);
    for (const name of ['schedule', 'trigger', 'notify'] as const) {
      expect(Object.values(pipelines).filter((pipeline) => pipeline[name] !== undefined)).toHaveLength(1);
    }
  });
});

const jobSchema = z.object({
  permissions: z.record(z.string(), z.string()).optional(),
  environment: z.string().optional(),
  steps: z.array(z.looseObject({ run: z.string().optional(), uses: z.string().optional() })),
});

describe('examples/ci/deploy.yml', () => {
  const text = readFileSync('examples/ci/deploy.yml', 'utf8');
  const { jobs } = z.object({ jobs: z.record(z.string(), jobSchema) }).parse(parseDocument(text).toJS());

  it('gives a token to the jobs alone that reach the account, each in an environment, and keeps no key', () => {
    for (const [name, { environment, permissions, steps }] of Object.entries(jobs)) {
      const reaches = steps.some(({ uses }) => uses?.startsWith('aws-actions/') === true);
      expect(reaches, name).toBe(name !== 'check');
      expect(permissions?.['id-token'], name).toBe(reaches ? 'write' : undefined);
      expect(environment !== undefined, name).toBe(reaches);
    }
    expect(text).not.toMatch(/access.key|secrets\./i);
  });

  it('calls scripts and commands that there are, and deploys a stage before it is tried', () => {
    const runs = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
    const scripts = runs.flatMap((run) => /npm run ([a-z:]+)/.exec(run)?.[1] ?? []);
    const known = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readFileSync('package.json', 'utf8')));
    expect(scripts.length).toBeGreaterThan(0);
    for (const script of scripts) expect(known.scripts).toHaveProperty(script);
    const order = (jobs.prod?.steps ?? []).flatMap(({ run }) => /cdk deploy|npm run smoke/.exec(run ?? '')?.[0] ?? []);
    expect(order).toEqual(['cdk deploy', 'npm run smoke']);
    expect(runs.filter((run) => run.startsWith('npx etl')).join()).toContain('etl check --config "$CONFIG" --stage');
  });
});

describe('npm run smoke', () => {
  const counts = { rows_read: 7, rows_filtered: 1, rows_deduplicated: 1, rows_rejected: 1 };
  const quick = {
    now: () => new Date(),
    sleep: async () => await new Promise<void>((resolve) => setTimeout(resolve, 5)),
  };
  let loaded = 4;
  let functions = ['Record', 'Extract', 'Transform', 'Load'];
  let aws: StepFunctionsServer;
  let first = '';

  beforeAll(async () => {
    aws = await stepFunctionsServer({
      machine: 'dsql-etl-dev',
      run: async (input, name): Promise<Ended> => {
        if ('no_such_field' in input)
          return { status: 'FAILED', path: [], error: 'InvalidInputError', cause: 'unknown key' };
        if (input.again !== true) {
          return {
            status: 'SUCCEEDED',
            path: [],
            output: { next: 'nothing', reason: 'The same content was loaded by run r.' },
          };
        }
        first = name;
        return { status: 'SUCCEEDED', path: ['Begin', 'Done'], output: { ...counts, rows_loaded: loaded } };
      },
      groups: ['Record', 'Extract', 'Transform', 'Load', 'Notify'].map((fn) => `dsql-etl-dev-Functions${fn}Log1-x`),
      lines: (group) =>
        functions.some((fn) => group.includes(fn))
          ? [JSON.stringify({ level: 'INFO', message: 'ended', execution: first })]
          : [],
    });
  });
  afterAll(async () => await aws?.close());
  afterEach(() => vi.unstubAllEnvs());

  const tried = async () => {
    for (const [name, value] of Object.entries(environmentOf(aws.url))) vi.stubEnv(name, value);
    const checks = await smoke({ config: 'examples/smoke/etl.yaml' }, quick, () => undefined);
    return checks.map(({ passed }) => passed);
  };

  it('looks at a load, a repetition, the logs and a failure', async () => {
    expect(await tried()).toEqual([true, true, true, true, true]);
  });

  it('is not content with other counts, nor where a function wrote nothing', async () => {
    loaded = 5;
    functions = ['Record'];
    expect(await tried()).toEqual([true, false, true, false, true]);
  });
});
