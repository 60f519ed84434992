import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Deployment, deploy } from '../support/aws/deployment.ts';
import { leftBy } from '../support/aws/left-by.ts';

/** Seconds that a call of scatter has; it is told to stop a tenth before. */
const timeoutSeconds = 10;
const rowCount = 4_000;
const csv = [
  'id,name,n',
  ...Array.from({ length: rowCount }, (_, i) => `${i % 3_700},"na\nme ${i % 3_700}",${i % 97 === 0 ? 'x' : i}`),
  '',
].join('\n');

/** The write that a call of each step makes as one of its last, by the end of its key; what is done by then; and the piece_mb that helps. */
const lastRequests = {
  split: [/\/split-00000\.json$/, [], 'larger'],
  survey: [/\/survey-00001\.json$/, [], 'smaller'],
  plan: [/\/plan-00000\.json$/, ['Survey'], 'larger'],
  clean: [/\/clean-00001\.json$/, ['Survey'], 'smaller'],
  gather: [/\/gather-00001\.json$/, ['Survey', 'Clean'], 'smaller'],
  join: [/\/clean\/manifest-[^/]+\.json$/, ['Survey', 'Clean', 'Gather'], 'larger'],
} as const;

let folder: string;
let service: Deployment;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'etl-scatter-time-'));
  writeFileSync(path.join(folder, 'rows.csv'), csv);
  const pipeline = (name: string, settings: string): string =>
    `  ${name}: { source_type: file, file_path: ${folder}/rows.csv, target_table: ${name}, columns: { n: bigint }, load_mode: upsert, key_columns: [id], ${settings} }`;
  const config = `pipelines:
${pipeline('whole', 'pieces_above_mb: 1000')}
${pipeline('slow', 'piece_mb: 0.01')}
${Object.keys(lastRequests)
  .map((step) => pipeline(`endless_${step}`, 'piece_mb: 0.01'))
  .join('\n')}
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

afterEach(() => {
  service.network.before = async () => undefined;
});

/** Lets writes of scatter whose keys end so take this long. */
function slowing(end: RegExp, ms: number): void {
  service.network.before = async ({ action, principal, resource }) => {
    if (principal === 'scatter' && action === 's3:PutObject' && end.test(resource)) {
      await sleep(ms, undefined, { ref: false });
    }
  };
}

describe('a call of scatter that needs more time than it has', () => {
  it('says how far its batch came, and the next one goes on there', async () => {
    // Two and a half pieces, and the work on them besides, are as long as a call may take; each batch has three.
    slowing(/\/clean-\d+\.json$/, 3_600);
    const calls: { readonly done: number; readonly items: number }[] = [];
    const { scatter } = service.hosts;
    if (scatter === undefined) throw new Error('There is no function scatter.');
    scatter.killAfterMs = (event) => {
      const { action, done, items } = event as { action: string; done: number; items: readonly unknown[] };
      if (action === 'clean') calls.push({ done, items: items.length });
      return undefined;
    };
    const slow = await service.execute({ pipeline: 'slow' });
    scatter.killAfterMs = () => undefined;
    expect(slow.error ?? slow.status, slow.cause).toBe('SUCCEEDED');
    expect(Math.max(...calls.map(({ items }) => items))).toBeGreaterThan(2);
    expect(calls.some(({ done }) => done > 0)).toBe(true);
    const whole = await service.execute({ pipeline: 'whole' });
    expect(whole.error ?? whole.status, whole.cause).toBe('SUCCEEDED');
    expect((await leftBy(service.target, 'slow')).rows).toEqual((await leftBy(service.target, 'whole')).rows);
  }, 300_000);

  it.each(Object.entries(lastRequests))(
    'ends before AWS kills it, and the run fails with the setting to raise: %s',
    async (step, [end, maps, size]) => {
      slowing(end, 3_600_000);
      const outcome = await service.execute({ pipeline: `endless_${step}` });
      expect(outcome.status).toBe('FAILED');
      expect(outcome.mapRuns.map(({ state }) => state)).toEqual(expect.arrayContaining([...maps]));
      const [row] = await service.target.sql.unsafe(
        `SELECT status, stage, error_code, error_message FROM etl_execution_log WHERE pipeline_name = 'endless_${step}'`,
      );
      expect(row).toMatchObject({
        status: 'failed',
        stage: 'transform',
        error_code: 'stage_too_slow',
        error_message: expect.stringMatching(`Raise deploy.scatter.memory_mb .* or make piece_mb ${size}`),
      });
      expect(service.hosts.scatter?.leastLeftMs).toBeGreaterThan(0);
    },
    120_000,
  );
});
