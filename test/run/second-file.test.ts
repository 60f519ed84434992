import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InProcess, inProcess } from '../support/in-process.ts';

let space: InProcess;
let tables = 0;

beforeAll(async () => {
  space = await inProcess();
});
afterAll(async () => {
  await space.remove();
});

/** Loads one file after another into one table; gives the results of the runs, and the rows of the table. */
async function loads(settings: string, ...contents: readonly string[]) {
  tables += 1;
  const table = `drift_${tables}`;
  space.write(
    'etl.yaml',
    `pipelines: { p: { source_type: file, file_path: ${table}.csv, target_table: ${table}, deduplicate: false, ${settings} } }`,
  );
  const runs = [];
  for (const content of contents) {
    space.write(`${table}.csv`, content);
    const [run] = await space.run(['p']);
    runs.push(run);
  }
  const columns = await space.sql(
    `SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_name = '${table}' ORDER BY ordinal_position`,
  );
  const own = columns.filter(
    ({ name }) => !['uuid_id', 'extracted_at', 'created_at', 'updated_at'].includes(String(name)),
  );
  const rows =
    columns.length === 0
      ? []
      : await space.sql(`SELECT ${own.map(({ name }) => `"${String(name)}"`).join(', ')} FROM ${table} ORDER BY 1`);
  return { runs, types: Object.fromEntries(own.map(({ name, type }) => [name, type])), rows, made: columns.length > 0 };
}

const keyed = 'load_mode: upsert, key_columns: [id]';

describe('a second file', () => {
  it('whose numbers have leading zeros or a plus sign is not loaded into a column of numbers', async () => {
    const { rows, runs } = await loads(
      keyed,
      'id,p\n7,90210\n8,1\n',
      'id,p\n1,2\n2,3\n007,5\n9,01234\n10,+49151\n3,1\n4,1\n',
    );
    expect(runs[1]).toMatchObject({ status: 'success', rows_rejected: 3, rows_loaded: 4 });
    expect(runs[1]?.warnings).toEqual([
      expect.stringMatching(/^2 rows were rejected: p is not a whole number .* \(first: \S*\.csv, row 5\)\.$/),
      expect.stringMatching(/^1 row was rejected: id is not a whole number .* \(first: \S*\.csv, row 4\)\.$/),
    ]);
    expect(rows).toContainEqual({ id: '7', p: '90210' });
    expect(rows).toHaveLength(6);
  });

  it('of which most rows do not fit fails, changes nothing and says which column', async () => {
    const { rows, runs, types } = await loads(
      '',
      'id,amount\n1,5\n',
      'id,amount,note\n2,5.5\n',
      'id,amount,note\n2,5.5,x\n3,6.5,y\n4,7,z\n',
    );
    for (const run of runs.slice(1)) expect(run).toMatchObject({ status: 'failed', error_code: 'too_many_rejected' });
    expect(runs[2]?.error_message).toContain('2 rows were rejected: amount is not a whole number');
    expect([rows, types]).toEqual([[{ id: '1', amount: '5' }], { id: 'bigint', amount: 'bigint' }]);
  });

  it('of which most rows do not fit is loaded where max_rejected_ratio allows it', async () => {
    const { runs } = await loads('max_rejected_ratio: 1', 'id,amount\n1,5\n', 'id,amount\n2,5.5\n3,6.5\n');
    expect(runs[1]).toMatchObject({ status: 'success', rows_rejected: 2, rows_loaded: 0 });
  });
});

describe("a source's own created_at, updated_at and extracted_at", () => {
  it('keep their names, and the times of the service get others', async () => {
    const [head, settings] = ['id,created_at,updated_at,extracted_at\n', `${keyed}, verify: full`];
    const first = `${head}1,2020-01-01,2020-01-02,a\n2,2020-01-01,2020-01-02,b\n`;
    const { rows, runs } = await loads(
      settings,
      first,
      `${head}1,2020-01-01,2020-01-02,a\n2,2020-01-01,2020-01-03,c\n`,
    );
    expect(runs[0]).toMatchObject({ status: 'success', rows_inserted: 2, warnings: [] });
    expect(runs[1]).toMatchObject({
      status: 'success',
      rows_inserted: 0,
      rows_updated: 1,
      rows_unchanged: 1,
      warnings: [],
    });
    expect(rows[1]).toMatchObject({ id: '2' });
    const [row] = await space.sql(
      `SELECT created_at::text, updated_at::text, extracted_at, etl_updated_at > etl_created_at AS changed FROM drift_${tables} WHERE id = 2`,
    );
    expect(row).toEqual({ created_at: '2020-01-01', updated_at: '2020-01-03', extracted_at: 'c', changed: true });
    expect(await space.sql(`SELECT count(etl_extracted_at) AS n FROM drift_${tables}`)).toEqual([{ n: '2' }]);
  });
});

describe("a source's columns of the service's own names", () => {
  it.each(['', keyed, 'load_mode: replace, key_columns: [id],'])(
    'have the same other names in every run, which is said once: %s',
    async (settings) => {
      const head = 'id,etl_uuid_id,etl_created_at,etl_extracted_at\n';
      const { rows, runs } = await loads(settings, `${head}1,a,b,c\n`, `${head}1,a,b,d\n2,e,f,g\n`);
      const said = ['etl_uuid_id', 'etl_created_at', 'etl_extracted_at'].map(
        (name) => `The column ${name} of the source is loaded as ${name}_2, for ${name} is a column of the service.`,
      );
      expect(runs[0]).toMatchObject({ status: 'success', warnings: said });
      expect(runs[1]).toMatchObject({ status: 'success', warnings: [] });
      expect(rows.at(-1)).toMatchObject({
        id: '2',
        etl_uuid_id_2: 'e',
        etl_created_at_2: 'f',
        etl_extracted_at_2: 'g',
      });
    },
  );
});

describe('folders named like key=value', () => {
  it.each(['csv', 'ndjson'])('are columns of %s where hive_partitions says so', async (format) => {
    const row = (id: number): string => (format === 'csv' ? `id,dt\n${id},own\n` : `{"id":${id},"dt":"own"}\n`);
    for (const name of [
      'dt=2024-01-01/year=2024/country=D%C3%84',
      'dt=2024-01-02/year=2025/country=__HIVE_DEFAULT_PARTITION__',
    ])
      mkdirSync(path.join(space.folder, `hive-${format}`, name), { recursive: true });
    space.write(`hive-${format}/dt=2024-01-01/year=2024/country=D%C3%84/a.${format}`, row(1));
    space.write(`hive-${format}/dt=2024-01-02/year=2025/country=__HIVE_DEFAULT_PARTITION__/a.${format}`, row(2));
    const pipeline = (name: string, more: string): string =>
      `  ${name}: { source_type: file, file_path: 'hive-${format}/**/*.${format}', target_table: ${name}, blank_text: keep${more} }\n`;
    space.write(
      'etl.yaml',
      `pipelines:\n${pipeline(`with_${format}`, ', hive_partitions: true')}${pipeline(`without_${format}`, '')}`,
    );
    expect(await space.run()).toMatchObject([{ status: 'success' }, { status: 'success' }]);
    expect(
      await space.sql(`SELECT id, dt, year, country, pg_typeof(year)::text AS t FROM with_${format} ORDER BY id`),
    ).toEqual([
      { id: '1', dt: 'own', year: '2024', country: 'DÄ', t: 'bigint' },
      { id: '2', dt: 'own', year: '2025', country: null, t: 'bigint' },
    ]);
    expect(await space.sql(`SELECT * FROM without_${format} LIMIT 0`)).toEqual([]);
    expect(
      await space.sql(
        `SELECT 1 AS n FROM information_schema.columns WHERE table_name = 'without_${format}' AND column_name = 'year'`,
      ),
    ).toEqual([]);
  });
});

describe('a first file', () => {
  it('of rejected rows alone fails and makes no table', async () => {
    const { made, runs } = await loads('', '<!doctype html>\n<a,b>\n');
    expect(runs[0]).toMatchObject({ status: 'failed', error_code: 'too_many_rejected' });
    expect(made).toBe(false);
  });

  it.each(['', 'load_mode: replace,'])('without rows is a success that makes nothing: %s', async (mode) => {
    const settings = mode === '' ? keyed : `${mode} key_columns: [id]`;
    const { rows, runs, types } = await loads(settings, 'id,v\n', 'id,v\n1,1.5\n');
    expect(runs[0]).toMatchObject({ status: 'success', rows_loaded: 0, rows_rejected: 0 });
    expect(runs[1]).toMatchObject({ status: 'success', rows_loaded: 1 });
    expect([types, rows]).toEqual([{ id: 'bigint', v: 'numeric' }, [{ id: '1', v: '1.5' }]]);
  });

  it('without a value in a column leaves the column to the file that has one', async () => {
    const { rows, runs, types } = await loads(
      `${keyed}, indexes: [[v]], latest_by: v`,
      'id,v\n1,\n2,\n',
      'id,v\n2,3\n4,5\n',
    );
    expect(runs.map((run) => run?.status)).toEqual(['success', 'success']);
    expect(types).toEqual({ id: 'bigint', v: 'bigint' });
    expect(rows).toEqual([
      { id: '1', v: null },
      { id: '2', v: '3' },
      { id: '4', v: '5' },
    ]);
  });
});
