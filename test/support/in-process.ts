import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type RunOptions, runConfigured } from '../../lib/cli/run-configured.ts';
import { privateStateFolder } from '../../lib/cli/state-folder.ts';
import { type OpenTarget, openTarget } from '../../lib/cli/target.ts';
import { loadConfig } from '../../lib/config/read-config.ts';
import { jsonRows } from '../../lib/dsql/json-rows.ts';
import type { RunResult } from '../../lib/run/result.ts';
import type { Workspace } from './workspace.ts';

/** A folder of its own with a configuration, whose pipelines run in this process against one local DSQL. */
export interface InProcess extends Pick<Workspace, 'folder' | 'write' | 'sql' | 'remove'> {
  /** Runs the named pipelines of `etl.yaml`, or all, as `etl run` does. */
  readonly run: (pipelines?: readonly string[], options?: RunOptions) => Promise<readonly RunResult[]>;
}

/** For tests of runs, where neither the command line nor the end of a process matters: a run costs no start of Node. */
export async function inProcess(): Promise<InProcess> {
  const folder = mkdtempSync(path.join(tmpdir(), 'etl-'));
  const target: OpenTarget = await openTarget('local', { max_connections: 1 }, privateStateFolder(folder));
  return {
    folder,
    write: (name, content) => {
      const file = path.join(folder, name);
      writeFileSync(file, content);
      return file;
    },
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
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
