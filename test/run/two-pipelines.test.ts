import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Workspace, workspace } from '../support/workspace.ts';

let space: Workspace;

beforeAll(() => {
  space = workspace();
  const lines = (column: string, from: number): string =>
    [`id,${column}`, ...Array.from({ length: 20_000 }, (_, i) => `${from + i},${column} ${i}`)].join('\n');
  space.write('names.csv', lines('name', 0));
  space.write('notes.csv', lines('note', 20_000));
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
    const runs = (await Promise.all([space.run('names'), space.run('notes')])).flat();
    expect(runs.map((run) => [run.pipeline_name, run.status, run.rows_loaded, run.error_message])).toEqual([
      ['names', 'success', 20_000, null],
      ['notes', 'success', 20_000, null],
    ]);
    expect(
      await space.sql(
        'SELECT count(*) AS n, count(DISTINCT id) AS ids, count(name) AS names, count(note) AS notes FROM people',
      ),
    ).toEqual([{ n: '40000', ids: '40000', names: '20000', notes: '20000' }]);
    expect(
      await space.sql(
        `SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = 'people_id_idx'`,
      ),
    ).toEqual([{ indisvalid: true }]);
    expect(await space.sql('SELECT pipeline_name, lease FROM etl_state ORDER BY 1')).toEqual([
      { pipeline_name: 'names', lease: null },
      { pipeline_name: 'notes', lease: null },
    ]);
  });
});
