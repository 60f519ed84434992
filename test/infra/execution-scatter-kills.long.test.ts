import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bucketObjects } from '../support/aws/bucket-objects.ts';
import { type Deployment, deploy } from '../support/aws/deployment.ts';
import { leftBy } from '../support/aws/left-by.ts';
import { expectSame } from '../support/expect-same.ts';
import { StatesError } from '../support/states-interpreter/errors.ts';
import type { Outcome } from '../support/states-interpreter/interpret.ts';

const rowCount = 4_000;
const csv = [
  'id,name,n',
  ...Array.from({ length: rowCount }, (_, i) => {
    const at = i % 3_700;
    return `${at},"na\nme ${at}",${i % 97 === 0 ? 'x' : at}`;
  }),
  '',
].join('\n');

const steps = ['split', 'survey', 'plan', 'clean', 'gather', 'join'] as const;
type Step = (typeof steps)[number];
const modes = {
  keyless: 'load_mode: insert',
  upsert: 'load_mode: upsert, key_columns: [id]',
  replace: 'load_mode: replace, key_columns: [id]',
} as const;
/** Seconds that a call of scatter has; it stops a tenth before. */
const timeoutSeconds = 10;

let folder: string;
let service: Deployment;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'etl-scatter-kills-'));
  writeFileSync(path.join(folder, 'rows.csv'), csv);
  const pipeline = (table: string, settings: string): string =>
    `  ${table}: { source_type: file, file_path: ${folder}/rows.csv, target_table: ${table}, columns: { n: bigint }, ${settings} }`;
  const names = Object.entries(modes).flatMap(([name, settings]) => [
    pipeline(`whole_${name}`, `${settings}, pieces_above_mb: 1000`),
    pipeline(`calm_${name}`, `${settings}, piece_mb: 0.02`),
    pipeline(`killed_${name}`, `${settings}, piece_mb: 0.02`),
  ]);
  const slow = ['slow', 'endless'].map((name) => pipeline(name, `${modes.upsert}, piece_mb: 0.004`));
  const config = `pipelines:
${[...names, ...slow].join('\n')}
deploy:
  architecture: x86_64
  chunk_rows: 1000
  scatter_above_mb: 0
  scatter_concurrency: 1
  load_concurrency: 2
  scatter: { timeout_seconds: ${timeoutSeconds} }
`;
  service = await deploy({ config });
  expect(await service.bootstrap('Create')).toMatchObject({ Status: 'SUCCESS' });
}, 240_000);

afterAll(async () => {
  await service?.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  service.before.clear();
  service.network.before = async () => undefined;
});

const staging = (): string => service.functions.scatter?.environment.ETL_STAGING_BUCKET ?? '';

/** Runs a pipeline as at one moment. @returns what its transform had left when the load began, by the names of the chunks */
async function run(pipeline: string): Promise<Outcome & { readonly chunks: Readonly<Record<string, string>> }> {
  const objects = bucketObjects(service.aws.s3, []);
  const chunks: Record<string, string> = {};
  service.before.set('Split', async () => {
    for (const { Key } of await objects.list(staging(), 'runs/')) {
      if (!Key.endsWith('/raw/manifest.json')) continue;
      const raw = JSON.parse(String(await objects.get(staging(), Key))) as object;
      await objects.put(staging(), Key, JSON.stringify({ ...raw, extracted_at: '2026-01-01T00:00:00.000Z' }));
    }
  });
  service.before.set('Admit', async () => {
    for (const { Key } of await objects.list(staging(), 'runs/')) {
      const [, name] = /\/scatter\/[0-9a-f]+\/(bucket-\d+\/clean\/.*)$/.exec(Key) ?? [];
      if (name !== undefined) chunks[name] = sha256(await objects.get(staging(), Key));
    }
  });
  const outcome = await service.execute({ pipeline, again: true });
  expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
  return { ...outcome, chunks };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Numbers from 0 to 1, the same for the same seed. */
function seeded(seed: number): () => number {
  let at = 0;
  return () => {
    at += 1;
    return createHash('sha256').update(`${seed}:${at}`).digest().readUInt32LE(0) / 2 ** 32;
  };
}

type Call = Readonly<Record<string, unknown>> & { readonly action: Step };

/** Kills calls at random moments of their usual length, each as often as the state machine repeats it. @returns kills by step */
async function killing<T>(seed: number, lengths: ReadonlyMap<Step, number>, work: () => Promise<T>) {
  const random = seeded(seed);
  const asked = new Map<string, number>();
  const kills: Record<string, number> = {};
  const { scatter } = service.hosts;
  if (scatter === undefined) throw new Error('There is no function scatter.');
  const invoke = scatter.invoke.bind(scatter);
  scatter.killAfterMs = (event) => {
    const { action, done, items } = event as Call;
    const call = JSON.stringify([action, done, items]);
    const before = asked.get(call) ?? 0;
    asked.set(call, before + 1);
    // A call that was killed is repeated twice. Once early, for calls are faster where the machine has less to do.
    return before >= 2 ? undefined : Math.ceil((random() * (lengths.get(action) ?? 1_000)) / (before === 0 ? 3 : 1));
  };
  scatter.invoke = async (event) => {
    try {
      return await invoke(event);
    } catch (error) {
      const { action } = event as Call;
      if (error instanceof StatesError && error.error === 'Runtime.ExitError') kills[action] = (kills[action] ?? 0) + 1;
      throw error;
    }
  };
  try {
    return { value: await work(), kills };
  } finally {
    scatter.killAfterMs = () => undefined;
    scatter.invoke = invoke;
  }
}

/** How long calls of each step take at the least, without the start of a process. */
async function timing<T>(work: () => Promise<T>) {
  const lengths = new Map<Step, number>();
  const began = new Map<unknown, number>();
  const { scatter } = service.hosts;
  if (scatter === undefined) throw new Error('There is no function scatter.');
  const invoke = scatter.invoke.bind(scatter);
  scatter.killAfterMs = (event) => {
    began.set(event, Date.now());
    return undefined;
  };
  scatter.invoke = async (event) => {
    const { action } = event as Call;
    const response = await invoke(event);
    const length = Date.now() - (began.get(event) ?? 0);
    lengths.set(action, Math.min(lengths.get(action) ?? length, length));
    return response;
  };
  try {
    return { value: await work(), lengths };
  } finally {
    scatter.killAfterMs = () => undefined;
    scatter.invoke = invoke;
  }
}

describe('a scattered run whose functions are killed at random in every step', () => {
  it.each([
    ['keyless', 1],
    ['upsert', 2],
    ['replace', 3],
  ] as const)(
    'leaves the chunks of one that is not, byte for byte, and the rows of one go: %s',
    async (name, seed) => {
      await run(`whole_${name}`);
      const { lengths, value: calm } = await timing(() => run(`calm_${name}`));
      const { kills, value: killed } = await killing(seed, lengths, () => run(`killed_${name}`));
      expect(Object.keys(kills).sort()).toEqual([...steps].sort());
      expect(Object.keys(calm.chunks).length).toBeGreaterThan(2);
      expect(killed.chunks).toEqual(calm.chunks);
      const whole = await leftBy(service.target, `whole_${name}`);
      for (const pipeline of [`calm_${name}`, `killed_${name}`]) {
        const found = await leftBy(service.target, pipeline);
        expect(found.columns).toEqual(whole.columns);
        expect(found.log).toEqual(whole.log);
        expectSame(found.rows, whole.rows);
        expectSame(found.rejected, whole.rejected);
      }
    },
    300_000,
  );
});

describe('a batch of pieces', () => {
  /** Lets each piece that is cleaned take this long, at its end. */
  const slowing = (ms: number): void => {
    service.network.before = async ({ action, principal, resource }) => {
      const ends = principal === 'scatter' && action === 's3:PutObject' && /\/clean-\d+\.json$/.test(resource);
      if (ends) await new Promise((resolve) => setTimeout(resolve, ms).unref());
    };
  };

  it('that takes longer than its function may is gone on with where it came to', async () => {
    slowing(1_500);
    const calls: { readonly done: number; readonly items: number }[] = [];
    const { scatter } = service.hosts;
    if (scatter === undefined) throw new Error('There is no function scatter.');
    scatter.killAfterMs = (event) => {
      const { action, done, items } = event as Call & { readonly done: number; readonly items: readonly unknown[] };
      if (action === 'clean') calls.push({ done, items: items.length });
      return undefined;
    };
    await run('slow');
    scatter.killAfterMs = () => undefined;
    expect(Math.max(...calls.map(({ items }) => items))).toBeGreaterThan(2);
    expect(calls.some(({ done }) => done > 0)).toBe(true);
    expect((await leftBy(service.target, 'slow')).rows).toEqual((await leftBy(service.target, 'whole_upsert')).rows);
  }, 300_000);

  it('of which a piece never ends fails the run, which says why and in which stage', async () => {
    slowing(3_600_000);
    const outcome = await service.execute({ pipeline: 'endless' });
    expect(outcome.status).toBe('FAILED');
    expect(outcome.mapRuns.map(({ state }) => state)).toEqual(expect.arrayContaining(['Survey', 'Clean']));
    const [row] = await service.target.sql`
      SELECT status, stage, error_code FROM etl_execution_log WHERE pipeline_name = 'endless'`;
    expect(row).toMatchObject({
      status: 'failed',
      stage: 'transform',
      error_code: expect.stringMatching(/^function_(timed_out|crashed)$/),
    });
  }, 240_000);
});
