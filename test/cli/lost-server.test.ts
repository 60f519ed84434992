import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localDsqlStatus, setLocalFaults, startLocalDsql } from '../../lib/local/client.ts';
import { type Workspace, workspace } from '../support/workspace.ts';

let space: Workspace;
let stateDir: string;
const rows = 2_000;

beforeAll(async () => {
  space = await workspace();
  stateDir = path.join(space.folder, '.etl');
  space.write('rows.csv', `id,name\n${Array.from({ length: rows }, (_, i) => `${i},name ${i}\n`).join('')}`);
  const pipeline = 'source_type: file, file_path: rows.csv, batch_rows: 100';
  const pair = (name: string): string =>
    `  ${name}_one: { ${pipeline}, target_table: ${name}_one }\n  ${name}_two: { ${pipeline}, target_table: ${name}_two }\n`;
  space.write('etl.yaml', `aurora_dsql: { max_connections: 4 }\npipelines:\n${pair('ended')}`);
  await startLocalDsql({ stateDir, durability: 'process' });
  // Slow enough for something to happen in the middle of a load.
  await setLocalFaults(stateDir, { commitLatencyMs: 40 });
});

afterAll(async () => await space.remove());

/** Processes of PostgreSQL that serve a client: the local DSQL's own are those of another user. */
function backends(postgresPid: number): readonly number[] {
  const found: number[] = [];
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      // PostgreSQL writes into its title what it serves.
      const title = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (parent === postgresPid && /^postgres: admin postgres \[local\]/.test(title)) found.push(Number(entry));
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

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
  it('goes on when the connections of its load are ended, and runs the others', async () => {
    const { ended } = await loading('ended');
    const status = await localDsqlStatus(stateDir);
    const victims = backends(status?.postgresPid ?? 0);
    expect(victims.length).toBeGreaterThan(0);
    for (const pid of victims) process.kill(pid, 'SIGTERM');
    const [code, stdout, stderr] = await ended;
    expect(stderr).not.toMatch(/TypeError|node:internal|at async /);
    expect(statuses(stdout), stdout).toEqual(['success', 'success']);
    expect(code).toBe(0);
    for (const table of ['ended_one', 'ended_two']) {
      expect(await space.sql(`SELECT count(*) AS n, count(DISTINCT id) AS ids FROM ${table}`)).toEqual([
        { n: String(rows), ids: String(rows) },
      ]);
    }
  });
});
