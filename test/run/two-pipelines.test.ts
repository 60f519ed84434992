import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InProcess, inProcess } from '../support/in-process.ts';
import { runCommand } from '../support/workspace.ts';

let space: InProcess;

beforeAll(async () => {
  space = await inProcess();
  const lines = (column: string, from: number): string =>
    [`id,${column}`, ...Array.from({ length: 2_000 }, (_, i) => `${from + i},${column} ${i}`)].join('\n');
  space.write('names.csv', lines('name', 0));
  space.write('notes.csv', lines('note', 2_000));
  const pipelines = ['names', 'notes'].map(
    (name) =>
      `  ${name}: { source_type: file, file_path: ${name}.csv, target_table: people, key_columns: [id], indexes: [[id]] }`,
  );
  space.write('etl.yaml', `pipelines:\n${pipelines.join('\n')}\n`);
});

afterAll(async () => {
  await space.remove();
});

describe('two pipelines into one table, started at the same moment on an empty cluster', () => {
  it('both load all their rows, each with its own columns', async () => {
    const processes = ['names', 'notes'].map((name) =>
      runCommand(space.folder, ['run', name, '--json', '--target', 'local']),
    );
    const runs = (await Promise.all(processes)).flatMap(
      ({ stdout }) => (JSON.parse(stdout) as { readonly runs: readonly Record<string, unknown>[] }).runs,
    );
    expect(runs.map((run) => [run.pipeline_name, run.status, run.rows_loaded, run.error_message])).toEqual([
      ['names', 'success', 2_000, null],
      ['notes', 'success', 2_000, null],
    ]);
    expect(
      await space.sql(
        'SELECT count(*) AS n, count(DISTINCT id) AS ids, count(name) AS names, count(note) AS notes FROM people',
      ),
    ).toEqual([{ n: '4000', ids: '4000', names: '2000', notes: '2000' }]);
    expect(
      await space.sql(
        `SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = 'people_id_idx'`,
      ),
    ).toEqual([{ indisvalid: true }]);
    expect(await space.sql('SELECT pipeline_name, lease FROM etl_state ORDER BY 1')).toEqual([
      { pipeline_name: 'names', lease: null },
      { pipeline_name: 'notes', lease: null },
    ]);
  }, 90_000);
});
