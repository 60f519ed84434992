import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { privateStateFolder } from '../../lib/cli/local/state-folder.ts';
import { main } from '../../lib/cli/main.ts';
import { type RunOptions, runConfigured } from '../../lib/cli/run/run-configured.ts';
import { type OpenTarget, openTarget } from '../../lib/cli/target.ts';
import { loadConfig } from '../../lib/config/read-config.ts';
import { jsonRows } from '../../lib/dsql/json-rows.ts';
import type { RunResult } from '../../lib/run/result.ts';
import { prepareData } from './prepared-data.ts';
import type { Finished, Workspace } from './workspace.ts';

/** A folder of its own with a configuration, whose pipelines run in this process against one local DSQL. */
export interface InProcess extends Pick<Workspace, 'folder' | 'write' | 'sql' | 'etl' | 'remove'> {
  /** Runs the named pipelines of `etl.yaml`, or all, as `etl run` does. */
  readonly target: OpenTarget;
  readonly run: (pipelines?: readonly string[], options?: RunOptions) => Promise<readonly RunResult[]>;
}

/** For tests of runs, where neither the command line nor the end of a process matters: a run costs no start of Node. */
export async function inProcess(): Promise<InProcess> {
  const folder = mkdtempSync(path.join(tmpdir(), 'etl-'));
  const umask = process.umask();
  const stateDir = privateStateFolder(folder);
  await prepareData(stateDir);
  const target: OpenTarget = await openTarget('local', { max_connections: 1 }, stateDir);
  return {
    folder,
    target,
    write: (name, content) => {
      const file = path.join(folder, name);
      writeFileSync(file, content);
      return file;
    },
    etl: async (...args) => await captured(folder, async () => await main(args)),
    sql: async (query) => JSON.parse(jsonRows(await target.sql.values(query))) as Record<string, unknown>[],
    run: async (pipelines = [], options = {}) =>
      await runConfigured(loadConfig(path.join(folder, 'etl.yaml')), pipelines, {
        ...options,
        target: 'local',
        json: true,
        quiet: true,
      }),
    remove: async () => {
      await target.close();
      process.umask(umask);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs a command in a folder, and takes what it writes. One at a time: folder and streams are those of the process. */
async function captured(folder: string, command: () => Promise<number>): Promise<Finished> {
  const written = { stdout: '', stderr: '' };
  const before = process.cwd();
  const writes = { stdout: process.stdout.write, stderr: process.stderr.write };
  const take = (name: keyof typeof written): void => {
    process[name].write = (text: string | Uint8Array): boolean => {
      written[name] += String(text);
      return true;
    };
  };
  process.chdir(folder);
  take('stdout');
  take('stderr');
  try {
    return { status: await command(), ...written };
  } finally {
    process.stdout.write = writes.stdout;
    process.stderr.write = writes.stderr;
    process.chdir(before);
  }
}
