import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InProcess, inProcess } from '../support/in-process.ts';

const rows = 120_000;
let space: InProcess;

beforeAll(async () => {
  space = await inProcess();
  const lines = Array.from({ length: rows }, (_, i) => `${i},name of ${i}`);
  space.write('rows.csv', `id,name\n${lines.join('\n')}\n`);
  const pipeline = (table: string): string =>
    `  ${table}: { source_type: file, file_path: rows.csv, target_table: ${table}, batch_rows: 100 }\n`;
  space.write('etl.yaml', `aurora_dsql: { max_connections: 2 }\npipelines:\n${pipeline('once')}${pipeline('twice')}`);
});

afterAll(async () => await space.remove());

/** Starts a run, and waits until some of its batches are in the ledger. */
async function loading(
  pipeline: string,
): Promise<{ readonly child: ChildProcess; readonly ended: Promise<[number | null, string]> }> {
  const child = spawn(process.execPath, [path.resolve('dist/bin/etl.js'), 'run', pipeline, '--target', 'local'], {
    cwd: space.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part: Buffer) => {
      text += String(part);
    });
  }
  const ended = new Promise<[number | null, string]>((resolve) => {
    child.once('close', (status) => resolve([status, text]));
  });
  const batches = async (): Promise<number> => {
    const found = await space
      .sql(`SELECT count(*) AS n FROM etl_load_ledger b JOIN etl_execution_log l USING (run_id)
      WHERE l.pipeline_name = '${pipeline}'`)
      .catch(() => []);
    return Number(found[0]?.n ?? 0);
  };
  while (child.exitCode === null && (await batches()) < 5) await new Promise((resolve) => setTimeout(resolve, 20));
  return { child, ended };
}

async function counted(table: string): Promise<number> {
  const [row] = await space.sql(`SELECT count(*) AS n FROM ${table}`);
  return Number(row?.n);
}

describe('Ctrl-C', () => {
  it('ends a run with 130 between two transactions, with true numbers, and the next run goes on', async () => {
    const { child, ended } = await loading('once');
    child.kill('SIGINT');
    const [status, said] = await ended;
    expect(status, said).toBe(130);
    expect(said).toContain('Stopping when the transactions under way have ended. Ctrl-C once more stops at once.');
    const loaded = await counted('once');
    expect(loaded).toBeGreaterThan(0);
    expect(loaded).toBeLessThan(rows);
    expect(said).toContain(`${rows.toLocaleString('en')} read: ${loaded.toLocaleString('en')} are loaded`);
    expect(said).toContain('It goes on where it stopped with: etl run once');
    const [run] = await space.run(['once']);
    expect(run).toMatchObject({ status: 'success', resumed: true, rows_loaded: rows });
    expect(await counted('once')).toBe(rows);
  }, 120_000);

  it('a second time ends at once, and the next run goes on all the same', async () => {
    const { child, ended } = await loading('twice');
    child.kill('SIGINT');
    const began = performance.now();
    const again = setInterval(() => child.kill('SIGINT'), 5);
    const [status, said] = await ended;
    clearInterval(again);
    expect(status, said).toBe(130);
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(await counted('twice')).toBeLessThan(rows);
    const [run] = await space.run(['twice']);
    expect(run).toMatchObject({ status: 'success', resumed: true });
    expect(await counted('twice')).toBe(rows);
  }, 120_000);
});
