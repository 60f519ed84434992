import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCommand, type Workspace, workspace } from '../support/workspace.ts';

/** Each of them comes twice, and finding that takes DuckDB more memory than all else. */
const rows = 800_000;

let space: Workspace;

beforeAll(async () => {
  space = await workspace();
  const lines = Array.from(
    { length: rows },
    (_, id) => `${id},customer number ${id},user${id}@example.com,a note on ${id}\n`,
  );
  space.write('twice.csv', `id,name,email,note\n${lines.join('')}${lines.join('')}`);
  const pipeline = 'source_type: file, file_path: twice.csv, load_mode: insert, deduplicate: true';
  space.write(
    'etl.yaml',
    `pipelines:\n  unlimited: { ${pipeline}, target_table: unlimited }\n  limited: { ${pipeline}, target_table: limited, memory_limit_mb: 128 }\n`,
  );
  space.write(
    'peak.mjs',
    `import { readFileSync, writeFileSync } from 'node:fs';
     process.on('exit', () => writeFileSync(process.env.PEAK_FILE, /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]));`,
  );
  expect((await space.etl('local', 'start')).status).toBe(0);
});

afterAll(async () => await space.remove());

/** Runs a pipeline in a process of its own. @returns the most memory that the process had, in MB, and what it says of its rows */
async function peakOf(pipeline: string): Promise<{ readonly peakMb: number; readonly run: unknown }> {
  const file = path.join(space.folder, `${pipeline}.peak`);
  const variables = { NODE_OPTIONS: `--import=${path.join(space.folder, 'peak.mjs')}`, PEAK_FILE: file };
  const args = ['run', pipeline, '--json', '--target', 'local'];
  const { stderr, stdout } = await runCommand(space.folder, args, undefined, variables);
  expect(stderr).not.toContain('Error');
  const { runs } = JSON.parse(stdout) as { readonly runs: readonly unknown[] };
  return { peakMb: Number(readFileSync(file, 'utf8')) / 1024, run: runs[0] };
}

// Only Linux tells what a process had in memory at most.
it.runIf(existsSync('/proc/self/status'))(
  'a run keeps to memory_limit_mb where it would take more, and loads the same',
  async () => {
    const unlimited = await peakOf('unlimited');
    const limited = await peakOf('limited');
    for (const { run } of [unlimited, limited]) {
      expect(run).toMatchObject({
        status: 'success',
        rows_read: 2 * rows,
        rows_deduplicated: rows,
        rows_inserted: rows,
      });
    }
    // Node and the program itself take some 150 MB, and DuckDB a little that it does not count.
    expect(unlimited.peakMb).toBeGreaterThan(550);
    expect(limited.peakMb).toBeLessThan(128 + 260);
    const digest = (table: string): string =>
      `SELECT count(*) AS n, sum(id) AS ids, sum(hashtext(name || email || note)::bigint) AS texts FROM ${table}`;
    expect(await space.sql(digest('limited'))).toEqual(await space.sql(digest('unlimited')));
  },
  300_000,
);
