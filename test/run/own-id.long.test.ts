import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { quoteText } from '../../lib/duckdb/quote.ts';
import { type CsvLoads, csvLoads } from '../support/csv-loads.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';

let space: InProcess;
let loads: CsvLoads;

beforeAll(async () => {
  space = await inProcess();
  loads = csvLoads(space);
  await space.sql('CREATE TABLE old_etl (uuid_id uuid PRIMARY KEY, id bigint NOT NULL UNIQUE, etl_uuid_id text)');
  await space.sql('CREATE TABLE theirs (id bigint PRIMARY KEY, uuid_id text NOT NULL)');
});
afterAll(async () => {
  await space.remove();
});

const keyed = 'load_mode: upsert, key_columns: [id], verify: full';
const id = '00000000-0000-0000-0000-00000000000';

describe("a source's own uuid_id", () => {
  it.each([
    ['own_replace', 'load_mode: replace, key_columns: [id], verify: full', ['1:a', '2:c']],
    ['own_insert', 'verify: full', ['1:a', '1:a', '2:b', '2:c']],
    ['own_upsert', keyed, ['1:a', '2:c']],
    ['own_whole', 'load_mode: replace, verify: full', ['1:a', '2:c']],
  ])('keeps its name, and the ids of the service have another: %s', async (table, settings, rows) => {
    for (const last of ['b', 'c']) {
      const run = await loads.load(table, settings, `id,uuid_id\n1,a\n2,${last}\n`);
      expect(run).toMatchObject({ status: 'success', warnings: [] });
    }
    expect(await loads.rowsOf(table, 'id, uuid_id')).toEqual(rows);
    expect(await loads.columnsOf(table)).toEqual({ etl_uuid_id: 'uuid', id: 'bigint', uuid_id: 'text' });
    const [ids] = await loads.ask(`SELECT count(DISTINCT etl_uuid_id) AS ids FROM ${table}`);
    expect(ids).toEqual({ ids: String(rows.length) });
  });

  it('stays where a later file lacks it, and one that comes later gets another name, as the run says', async () => {
    await loads.load('came', keyed, 'id\n1\n');
    expect(await loads.load('came', keyed, 'id,uuid_id\n1,x\n')).toMatchObject({
      status: 'success',
      warnings: [
        expect.stringContaining('new column uuid_id_2 with values in 1 row'),
        'The column uuid_id of the source is loaded as uuid_id_2, for uuid_id is a column of the service.',
      ],
    });
    expect(await loads.rowsOf('came', 'id, uuid_id_2')).toEqual(['1:x']);
    await loads.load('went', keyed, 'id,uuid_id\n1,x\n');
    expect(await loads.load('went', keyed, 'id,v\n2,w\n')).toMatchObject({ status: 'success' });
    expect(await loads.rowsOf('went', "id, coalesce(uuid_id, 'none'), v")).toEqual(['1:x:', '2:none:w']);
    expect(await loads.columnsOf('went')).toEqual({ etl_uuid_id: 'uuid', id: 'bigint', uuid_id: 'text', v: 'text' });
  });

  it('without a value in the first file decides the name of the ids all the same', async () => {
    await loads.load('empty_first', keyed, 'id,uuid_id\n1,\n');
    expect(await loads.load('empty_first', keyed, 'id,uuid_id\n1,5\n')).toMatchObject({ status: 'success' });
    expect(await loads.columnsOf('empty_first')).toEqual({ etl_uuid_id: 'uuid', id: 'bigint', uuid_id: 'bigint' });
  });

  it('of Parquet is of its own type, and is compared by a preview', async () => {
    const session = await openDuckDb({ allowedDirs: [space.folder], tempDir: space.folder });
    const write = async (digit: string): Promise<void> => {
      const file = quoteText(path.join(space.folder, 'rows.parquet'));
      const query = `SELECT i AS id, CAST('${id}' || CASE i WHEN 1 THEN '${digit}' ELSE '1' END AS UUID) AS uuid_id FROM range(3) t(i)`;
      await session.run(`COPY (${query}) TO ${file}`);
    };
    await write('1');
    loads.configure('own_parquet', keyed, 'rows.parquet');
    expect((await space.run())[0]).toMatchObject({ status: 'success', rows_inserted: 3 });
    expect(await loads.columnsOf('own_parquet')).toEqual({ etl_uuid_id: 'uuid', id: 'bigint', uuid_id: 'uuid' });
    await write('2');
    session.close();
    const shown = JSON.parse((await space.etl('preview', '--target', 'local', '--json')).stdout) as {
      readonly previews: readonly { readonly writes: object }[];
    };
    expect(shown.previews[0]?.writes).toMatchObject({ rows_updated: 1, rows_unchanged: 2 });
  });
});

describe('a table of an earlier release', () => {
  it('goes on as it is where its source has a column of the name to which the ids now yield', async () => {
    for (const value of ['x', 'y']) {
      expect(await loads.load('old_etl', keyed, `id,etl_uuid_id\n1,${value}\n`)).toMatchObject({
        status: 'success',
        warnings: [],
      });
      expect(await loads.rowsOf('old_etl', 'id, etl_uuid_id')).toEqual([`1:${value}`]);
    }
  });
});

describe('a table that is not ours', () => {
  it('gets the uuid_id of the source, and updates it', async () => {
    for (const value of ['x', 'y']) {
      expect(await loads.load('theirs', keyed, `id,uuid_id\n1,${value}\n`)).toMatchObject({
        status: 'success',
        warnings: [],
      });
      expect(await loads.rowsOf('theirs', 'id, uuid_id')).toEqual([`1:${value}`]);
    }
  });
});
