import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { prepareData } from './prepared-data.ts';

const entry = path.resolve('dist/bin/etl.js');

/** What a finished command left behind. */
export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of its own with a configuration, in which the real command line runs as a child process. */
export interface Workspace {
  readonly folder: string;
  readonly write: (name: string, content: string | Uint8Array) => string;
  /** Runs `etl` with these arguments in the folder. */
  readonly etl: (...args: readonly string[]) => Promise<Finished>;
  /** Starts `etl` and kills it with SIGKILL after `ms`, unless it has ended before. */
  readonly etlKilledAfter: (ms: number, ...args: readonly string[]) => Promise<Finished>;
  /** Rows of a query, as `etl sql --json` gives them. */
  readonly sql: (query: string) => Promise<readonly Record<string, unknown>[]>;
  /** The results of `etl run --json`, whatever the exit status. */
  readonly run: (...args: readonly string[]) => Promise<readonly Record<string, unknown>[]>;
  readonly remove: () => Promise<void>;
}

/** Runs `etl` as a process of its own in a folder, with more variables in its environment; kills it with SIGKILL after `ms`, unless it has ended before. */
export async function runCommand(
  folder: string,
  args: readonly string[],
  ms?: number,
  variables: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  return await new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry, ...args], {
      cwd: folder,
      env: { ...process.env, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const timer = ms === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), ms);
    child.once('error', reject);
    child.once('close', (status) => {
      clearTimeout(timer);
      resolve({ status, stdout, stderr });
    });
  });
}

export async function workspace(): Promise<Workspace> {
  const folder = mkdtempSync(path.join(tmpdir(), 'etl-'));
  await prepareData(path.join(folder, '.etl'));
  const etl = async (...args: readonly string[]): Promise<Finished> => await runCommand(folder, args);
  return {
    folder,
    write: (name, content) => {
      const file = path.join(folder, name);
      writeFileSync(file, content);
      return file;
    },
    etl,
    etlKilledAfter: async (ms, ...args) => await runCommand(folder, args, ms),
    sql: async (query) => {
      const { status, stderr, stdout } = await etl('sql', query, '--json', '--target', 'local');
      if (status !== 0) throw new Error(`etl sql ended with ${status}: ${stderr}`);
      return JSON.parse(stdout) as Record<string, unknown>[];
    },
    run: async (...args) => {
      const { stderr, stdout } = await etl('run', '--json', '--target', 'local', ...args);
      if (stdout === '') throw new Error(`etl run printed no result: ${stderr}`);
      return (JSON.parse(stdout) as { readonly runs: Record<string, unknown>[] }).runs;
    },
    remove: async () => {
      await etl('local', 'stop');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
