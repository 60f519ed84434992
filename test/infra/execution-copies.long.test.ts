import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bucketObjects } from '../support/aws/bucket-objects.ts';
import { type Deployment, deploy } from '../support/aws/deployment.ts';
import { leftBy } from '../support/aws/left-by.ts';
import { expectSame } from '../support/expect-same.ts';
import { StatesError } from '../support/states-interpreter/errors.ts';
import type { Outcome } from '../support/states-interpreter/interpret.ts';

const rowsOf = (file: number): readonly { readonly id: number; readonly name: string; readonly n: string }[] =>
  Array.from({ length: 150 }, (_, row) => ({
    id: file * 140 + row,
    name: `n\u00e4me\n${file}`,
    n: row % 49 === 48 ? 'x' : String(row),
  }));
const text = (file: number): string =>
  ['id,name,n', ...rowsOf(file).map(({ id, n, name }) => `${id},"${name}",${n}`), ''].join('\n');
const document = (file: number): string => JSON.stringify([...rowsOf(file), null]);

/** Files of which all but the third source's first one have to be copied, and those that are given to calls of their own. */
const sources = {
  packed: [
    ...Array.from({ length: 20 }, (_, at) => [`a${at + 10}.csv.gz`, gzipSync(text(at))] as const),
    ['b.csv', text(20)] as const,
    ...[21, 22].map((at) => [`c${at}.csv`, Buffer.from(`\ufeff${text(at)}7,\ud800,1\n`, 'utf16le')] as const),
  ],
  documents: [
    ...[0, 1, 2].map((at) => [`a${at}.json`, document(at)] as const),
    ['b.json', document(3)] as const,
    [
      'c.ndjson',
      rowsOf(4)
        .map((row) => `${JSON.stringify(row)}\n`)
        .join(''),
    ] as const,
  ],
};
type Source = keyof typeof sources;
const given: Readonly<Record<Source, number>> = { packed: 22, documents: 4 };

const modes = { insert: 'load_mode: insert', upsert: 'load_mode: upsert, key_columns: [id]' };
const cases = [
  ['packed', 'insert', 1],
  ['packed', 'upsert', 2],
  ['documents', 'upsert', 3],
] as const;

let folder: string;
let service: Deployment;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'etl-copies-'));
  for (const [name, files] of Object.entries(sources)) {
    mkdirSync(path.join(folder, name));
    for (const [file, body] of files) writeFileSync(path.join(folder, name, file), body);
  }
  writeFileSync(path.join(folder, 'packed', 'd.csv'), '');
  const pipeline = (table: string, source: Source, settings: string): string =>
    `  ${table}: { source_type: file, file_path: ${folder}/${source}, target_table: ${table}, ${source === 'packed' ? 'format: csv, ' : ''}columns: { n: bigint }, file_name_column: file, ${settings} }`;
  const config = `pipelines:
${cases
  .flatMap(([source, mode]) => [
    pipeline(`whole_${source}_${mode}`, source, `${modes[mode]}, pieces_above_mb: 1000`),
    ...['calm', 'killed'].map((how) => pipeline(`${how}_${source}_${mode}`, source, `${modes[mode]}, piece_mb: 0.02`)),
  ])
  .join('\n')}
${pipeline('endless', 'packed', modes.insert)}
deploy:
  architecture: x86_64
  chunk_rows: 1000
  scatter_above_mb: 0
  scatter_concurrency: 1
  load_concurrency: 2
  extract: { timeout_seconds: 10 }
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

const staging = (): string => service.functions.extract?.environment.ETL_STAGING_BUCKET ?? '';

interface Ran extends Outcome {
  /** Digests of the parts and rejected rows that extract has left, and of the chunks, by their names. */
  readonly left: Readonly<Record<string, string>>;
}

/** Runs a pipeline as at one moment. */
async function run(pipeline: string): Promise<Ran> {
  const objects = bucketObjects(service.aws.s3, []);
  const left: Record<string, string> = {};
  const digest = async (pattern: RegExp): Promise<void> => {
    for (const { Key } of await objects.list(staging(), 'runs/')) {
      const [, name] = pattern.exec(Key) ?? [];
      if (name !== undefined) left[name] = sha256(await objects.get(staging(), Key));
    }
  };
  service.before.set('Split', async () => {
    await digest(/\/(raw\/(?:part|rejected)-.*)$/);
    for (const { Key } of await objects.list(staging(), 'runs/')) {
      if (!Key.endsWith('/raw/manifest.json')) continue;
      const raw = JSON.parse(String(await objects.get(staging(), Key))) as object;
      await objects.put(staging(), Key, JSON.stringify({ ...raw, extracted_at: '2026-01-01T00:00:00.000Z' }));
    }
  });
  service.before.set('Admit', () => digest(/\/scatter\/[0-9a-f]+\/(bucket-\d+\/clean\/.*)$/));
  const outcome = await service.execute({ pipeline });
  expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
  return { ...outcome, left };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

interface CopyCall {
  readonly action: string;
  readonly done: number;
  readonly items: readonly { readonly number: number }[];
}

/** Counts the copies that are asked for, takes the time of the shortest call, and kills each call twice, after so many ms. */
async function copying<T>(killAfterMs: (call: CopyCall) => number | undefined, work: () => Promise<T>) {
  const { extract } = service.hosts;
  if (extract === undefined) throw new Error('There is no function extract.');
  const asked = new Map<string, number>();
  const copied = new Set<number>();
  let kills = 0;
  let shortestMs = Number.POSITIVE_INFINITY;
  const invoke = extract.invoke.bind(extract);
  extract.killAfterMs = (event) => {
    const call = event as CopyCall;
    if (call.action !== 'copy') return undefined;
    for (const { number } of call.items) copied.add(number);
    const name = JSON.stringify([call.done, call.items]);
    asked.set(name, (asked.get(name) ?? 0) + 1);
    return (asked.get(name) ?? 0) > 2 ? undefined : killAfterMs(call);
  };
  extract.invoke = async (event) => {
    const started = performance.now();
    try {
      const answer = await invoke(event);
      if ((event as CopyCall).action === 'copy') shortestMs = Math.min(shortestMs, performance.now() - started);
      return answer;
    } catch (error) {
      if (error instanceof StatesError && error.error === 'Runtime.ExitError') kills += 1;
      throw error;
    }
  };
  try {
    return { value: await work(), copied: copied.size, kills, calls: asked.size, shortestMs };
  } finally {
    extract.killAfterMs = () => undefined;
    extract.invoke = invoke;
  }
}

/** Milliseconds from 1 to a limit, the same for the same seed. */
function seeded(seed: number, below: number): () => number {
  let at = 0;
  return () => {
    at += 1;
    return 1 + (createHash('sha256').update(`${seed}:${at}`).digest().readUInt32LE(0) % below);
  };
}

describe('files that have to be copied, each by a call of its own', () => {
  it.each(cases)(
    'leave the rows of one call, and the same bytes where the calls are killed at random: %s, %s',
    async (source, mode, seed) => {
      const name = `${source}_${mode}`;
      const whole = await run(`whole_${name}`);
      expect(whole.path).not.toContain('Copy');
      const calm = await copying(
        () => undefined,
        () => run(`calm_${name}`),
      );
      const killed = await copying(seeded(seed, Math.floor(calm.shortestMs)), () => run(`killed_${name}`));
      expect([calm.copied, calm.kills]).toEqual([given[source], 0]);
      expect(killed.copied).toBe(given[source]);
      expect(killed.kills).toBeGreaterThanOrEqual(killed.calls);
      expect(calm.value.mapRuns.map(({ state }) => state)).toContain('Copy');
      const parts = Object.keys(calm.value.left).filter((key) => key.startsWith('raw/part-'));
      expect(parts).toHaveLength(given[source]);
      expect(killed.value.left).toEqual(calm.value.left);
      const one = await leftBy(service.target, `whole_${name}`);
      expect(one.rejected.length).toBeGreaterThan(3);
      for (const pipeline of [`calm_${name}`, `killed_${name}`]) {
        const found = await leftBy(service.target, pipeline);
        expect(found.columns).toEqual(one.columns);
        expect(found.log).toEqual(one.log);
        expectSame(found.rows, one.rows);
        expectSame(found.rejected, one.rejected);
      }
    },
    300_000,
  );

  it('of which one is never kept in time fail the run in the stage that reads', async () => {
    service.network.before = async ({ action, principal, resource }) => {
      const isPart = principal === 'extract' && action === 's3:PutObject' && resource.endsWith('/raw/part-00005.csv');
      if (isPart) await new Promise((resolve) => setTimeout(resolve, 3_600_000).unref());
    };
    const outcome = await service.execute({ pipeline: 'endless' });
    expect(outcome.status).toBe('FAILED');
    expect(outcome.mapRuns.map(({ state }) => state)).toEqual(['Copy']);
    const [row] = await service.target.sql`
      SELECT status, stage, error_code FROM etl_execution_log WHERE pipeline_name = 'endless'`;
    expect(row).toMatchObject({ status: 'failed', stage: 'extract' });
  }, 240_000);
});
