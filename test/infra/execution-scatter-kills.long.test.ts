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
  const config = `pipelines:
${names.join('\n')}
deploy:
  architecture: x86_64
  chunk_rows: 1000
  scatter_above_mb: 0
  scatter_concurrency: 1
  load_concurrency: 2
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

/** Of the calls of a step: the least time of one without the start of a process, and the least requests of S3. */
interface Least {
  readonly ms: number;
  readonly requests: number;
}

/** Runs something, and looks at each call of scatter. @param onRequest  of S3, by the call that is under way: there is one at once */
async function watching<T>(
  {
    killAfterMs,
    onEnd,
    onRequest,
  }: {
    readonly killAfterMs: (call: Call) => number | undefined;
    readonly onRequest: () => void;
    readonly onEnd: (call: Call, error: unknown) => void;
  },
  work: () => Promise<T>,
): Promise<T> {
  const { scatter } = service.hosts;
  if (scatter === undefined) throw new Error('There is no function scatter.');
  const invoke = scatter.invoke.bind(scatter);
  scatter.killAfterMs = (event) => killAfterMs(event as Call);
  service.network.before = async ({ action, principal }) => {
    if (principal === 'scatter' && action.startsWith('s3:')) onRequest();
  };
  scatter.invoke = async (event) => {
    try {
      const response = await invoke(event);
      onEnd(event as Call, undefined);
      return response;
    } catch (error) {
      onEnd(event as Call, error);
      throw error;
    }
  };
  try {
    return await work();
  } finally {
    scatter.killAfterMs = () => undefined;
    scatter.invoke = invoke;
    service.network.before = async () => undefined;
  }
}

/**
 * Kills every call twice, as often as the state machine repeats it: on one of the requests that it surely makes, and at a
 * moment of its usual length.
 *
 * @returns kills by step
 */
async function killing<T>(seed: number, least: ReadonlyMap<Step, Least>, work: () => Promise<T>) {
  const random = seeded(seed);
  const asked = new Map<string, number>();
  const kills: Record<string, number> = {};
  let requestsLeft = 0;
  const killAfterMs = ({ action, done, items }: Call): number | undefined => {
    const call = JSON.stringify([action, done, items]);
    const before = asked.get(call) ?? 0;
    asked.set(call, before + 1);
    const { ms, requests } = least.get(action) ?? { ms: 1_000, requests: 1 };
    requestsLeft = before === 0 ? Math.ceil(random() * requests) : 0;
    return before === 1 ? Math.ceil(random() * ms) : undefined;
  };
  const onRequest = (): void => {
    requestsLeft -= 1;
    if (requestsLeft === 0) service.hosts.scatter?.close();
  };
  const onEnd = ({ action }: Call, error: unknown): void => {
    if (error instanceof StatesError && error.error === 'Runtime.ExitError') kills[action] = (kills[action] ?? 0) + 1;
  };
  return { value: await watching({ killAfterMs, onRequest, onEnd }, work), kills };
}

/** Measures the calls of each step. */
async function measuring<T>(work: () => Promise<T>) {
  const least = new Map<Step, Least>();
  let began = 0;
  let requests = 0;
  const killAfterMs = (): undefined => {
    began = Date.now();
    requests = 0;
  };
  const onRequest = (): void => {
    requests += 1;
  };
  const onEnd = ({ action }: Call): void => {
    const known = least.get(action) ?? { ms: Number.POSITIVE_INFINITY, requests: Number.POSITIVE_INFINITY };
    least.set(action, { ms: Math.min(known.ms, Date.now() - began), requests: Math.min(known.requests, requests) });
  };
  return { value: await watching({ killAfterMs, onRequest, onEnd }, work), least };
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
      const { least, value: calm } = await measuring(() => run(`calm_${name}`));
      const { kills, value: killed } = await killing(seed, least, () => run(`killed_${name}`));
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
