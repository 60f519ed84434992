import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Deployment, deploy } from '../support/aws/deployment.ts';
import { lambdaNode } from '../support/aws/lambda-node.ts';
import type { AwsCall } from '../support/aws/recorder.ts';
import { referenceRun } from '../support/aws/reference-run.ts';

const rowCount = 100_000;
/** The last rows of 5,000 keys take the place of the first ones; every 1,000th row is rejected, both of five keys. */
const typedRows = rowCount - 100 - 4_995;
const timeoutSeconds = 20;
/** Uploading a chunk takes this long: with four at once 100 chunks need 25 s, more than a call has. */
const slowMs = 1_000;

const node = lambdaNode();

let folder: string;
let service: Deployment;
let reference: Awaited<ReturnType<typeof referenceRun>>;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'etl-slow-'));
  const lines = Array.from(
    { length: rowCount },
    (_, i) => `${i % 95_000},name ${i % 977},${i % 1_000 === 7 ? 'none' : (i / 100).toFixed(2)},2025-01-01T00:00:00Z`,
  );
  const file = path.join(folder, 'rows.csv');
  writeFileSync(file, ['id,name,amount,at', ...lines].join('\n'));
  const pipeline = (table: string): string =>
    `{ source_type: file, file_path: ${file}, target_table: ${table}, key_columns: [id], load_mode: upsert, columns: { amount: "numeric(12,2)" } }`;
  const config = `pipelines:
  rows: ${pipeline('rows')}
  killed: ${pipeline('killed')}
  slow: ${pipeline('slow')}
deploy:
  architecture: x86_64
  transform: { timeout_seconds: ${timeoutSeconds} }
  chunk_rows: 1000
`;
  service = await deploy({ config, node: 'file' in node ? node.file : process.execPath });
  expect(await service.bootstrap('Create')).toMatchObject({ Status: 'SUCCESS' });
  reference = await referenceRun(config, ['rows']);
  expect(reference.results).toMatchObject([{ status: 'success' }]);
}, 240_000);

afterAll(async () => {
  await service?.close();
  await reference?.target.remove();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  service.calls.length = 0;
  service.network.before = async () => undefined;
});

const isPut = (call: AwsCall, name: RegExp): boolean =>
  call.principal === 'transform' && call.action === 's3:PutObject' && name.test(call.resource);

const wait = async (ms: number): Promise<void> => await new Promise((resolve) => setTimeout(resolve, ms));

async function rowsOf(target: Deployment['target'], table: string): Promise<readonly string[]> {
  const rows = await target.sql.unsafe<{ line: string }[]>(
    `SELECT md5(ROW(uuid_id, id, name, amount, at)::text) AS line FROM ${table}`,
  );
  return rows.map((row) => row.line).sort();
}

/** How often each chunk was uploaded. */
function uploads(): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { resource } of service.calls.filter((call) => isPut(call, /clean\/part-/))) {
    counts[resource] = (counts[resource] ?? 0) + 1;
  }
  return counts;
}

describe('a transform that takes longer than its function may', () => {
  it('is done over two calls or more, every chunk once, with the rows of etl run', async () => {
    const before = service.hosts.transform?.invocations ?? 0;
    const calls = (): number => (service.hosts.transform?.invocations ?? 0) - before;
    service.network.before = async (call) => {
      if (isPut(call, /clean\/part-/) && calls() === 1) await wait(slowMs);
    };
    const outcome = await service.execute({ pipeline: 'rows' });
    expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
    expect(outcome.output).toMatchObject({ rows_read: rowCount, rows_loaded: typedRows });
    expect(calls()).toBeGreaterThanOrEqual(2);
    expect(outcome.path.filter((state) => state === 'Transform')).toHaveLength(calls());
    expect(outcome.waitedSeconds).toEqual([]);
    expect(Object.keys(uploads())).toHaveLength(95);
    expect(new Set(Object.values(uploads()))).toEqual(new Set([1]));
    // Later calls read what was decided, and the source no more.
    const reads = service.calls.filter((call) => call.principal === 'transform' && call.action === 's3:GetObject');
    expect(reads.filter(({ resource }) => resource.endsWith('.csv'))).toHaveLength(1);
    expect(reads.filter(({ resource }) => resource.endsWith('decided/work.parquet'))).toHaveLength(calls() - 1);
    expect(await rowsOf(service.target, 'rows')).toEqual(await rowsOf(reference.target, 'rows'));
  }, 180_000);

  it('and is killed while it keeps what was decided, is repeated to the same end', async () => {
    let kills = 0;
    service.network.before = async (call) => {
      if (kills > 0) return;
      if (isPut(call, /clean\/part-/)) await wait(slowMs);
      if (isPut(call, /decided\/work\.parquet/)) {
        kills += 1;
        service.hosts.transform?.close();
      }
    };
    const outcome = await service.execute({ pipeline: 'killed' });
    expect(outcome.error ?? outcome.status, outcome.cause).toBe('SUCCEEDED');
    expect(kills).toBe(1);
    expect(outcome.waitedSeconds.length).toBeGreaterThanOrEqual(1);
    expect(await rowsOf(service.target, 'killed')).toEqual(await rowsOf(reference.target, 'rows'));
  }, 180_000);

  it('fails with what to do about it when not even deciding about the rows fits into a call', async () => {
    service.network.before = async (call) => {
      if (call.principal === 'transform' && call.resource.endsWith('.csv')) await wait(timeoutSeconds * 1000);
    };
    const outcome = await service.execute({ pipeline: 'slow' });
    expect(outcome).toMatchObject({ status: 'FAILED', error: 'StageTooSlowError' });
    expect(outcome.cause).toContain('Raise deploy.transform.memory_mb');
    expect(outcome.waitedSeconds).toEqual([]);
  }, 120_000);
});
