import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localDsqlStatus, setLocalFaults, startLocalDsql } from '../../lib/local/client.ts';
import { type Workspace, workspace } from '../support/workspace.ts';

let space: Workspace;
let stateDir: string;
const rows = 4_000;

beforeAll(async () => {
  space = await workspace();
  stateDir = path.join(space.folder, '.etl');
  space.write('rows.csv', `id,name\n${Array.from({ length: rows }, (_, i) => `${i},name ${i}\n`).join('')}`);
  const pipeline = 'source_type: file, file_path: rows.csv, batch_rows: 100';
  const pair = (name: string): string =>
    `  ${name}_one: { ${pipeline}, target_table: ${name}_one }\n  ${name}_two: { ${pipeline}, target_table: ${name}_two }\n`;
  space.write('etl.yaml', `aurora_dsql: { max_connections: 4 }\npipelines:\n${pair('killed')}`);
  await startLocalDsql({ stateDir, durability: 'process' });
  // Slow enough for something to happen in the middle of a load.
  await setLocalFaults(stateDir, { commitLatencyMs: 40 });
});

afterAll(async () => await space.remove());

/** Starts the real command line, and waits until its first pipeline has batches in the table. */
async function loading(name: string): Promise<{ readonly ended: Promise<readonly [number | null, string, string]> }> {
  const child = spawn(
    process.execPath,
    [path.resolve('dist/bin/etl.js'), 'run', `${name}_one`, `${name}_two`, '--json', '--target', 'local'],
    { cwd: space.folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<readonly [number | null, string, string]>((resolve) => {
    child.once('close', (status) => resolve([status, stdout, stderr]));
  });
  const found = async (): Promise<boolean> =>
    await space.sql(`SELECT 1 FROM ${name}_one LIMIT 1`).then(
      (present) => present.length > 0,
      () => false,
    );
  while (child.exitCode === null && !(await found())) await delay(10);
  return { ended };
}

const statuses = (stdout: string): readonly string[] =>
  (JSON.parse(stdout) as { readonly runs: readonly { readonly status: string }[] }).runs.map(({ status }) => status);

describe('etl run over several pipelines', () => {
  it('prints a result for each when the server is killed, and ends by itself', async () => {
    const { ended } = await loading('killed');
    const status = await localDsqlStatus(stateDir);
    process.kill(status?.pid ?? 0, 'SIGKILL');
    const [code, stdout, stderr] = await ended;
    expect(stderr).not.toMatch(/TypeError|node:internal|at async /);
    expect(statuses(stdout)).toEqual(['failed', 'failed']);
    expect(code).toBe(1);
    await startLocalDsql({ stateDir, durability: 'process' });
    expect(await space.run('killed_one', 'killed_two')).toMatchObject([{ status: 'success' }, { status: 'success' }]);
    for (const table of ['killed_one', 'killed_two']) {
      expect(await space.sql(`SELECT count(*) AS n, count(DISTINCT id) AS ids FROM ${table}`)).toEqual([
        { n: String(rows), ids: String(rows) },
      ]);
    }
  });
});
