import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CsvLoads, csvLoads } from '../support/csv-loads.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';

let space: InProcess;
let loads: CsvLoads;

beforeAll(async () => {
  space = await inProcess();
  loads = csvLoads(space);
  await space.sql('CREATE TABLE old (uuid_id uuid PRIMARY KEY, id bigint NOT NULL UNIQUE, uuid_id_2 text)');
});
afterAll(async () => {
  await space.remove();
});

const keyed = 'load_mode: upsert, key_columns: [id], verify: full';

describe("a source's own uuid_id", () => {
  it.each([['own_key', 'load_mode: upsert, key_columns: [uuid_id], indexes: [[uuid_id, id]]', ['1:a', '2:b', '2:c']]])(
    'keeps its name, and the ids of the service have another: %s',
    async (table, settings, rows) => {
      for (const last of ['b', 'c']) {
        const run = await loads.load(table, settings, `id,uuid_id\n1,a\n2,${last}\n`);
        expect(run).toMatchObject({ status: 'success', warnings: [] });
      }
      expect(await loads.rowsOf(table, 'id, uuid_id')).toEqual(rows);
      expect(await loads.columnsOf(table)).toEqual({ etl_uuid_id: 'uuid', id: 'bigint', uuid_id: 'text' });
      const [ids] = await loads.ask(`SELECT count(DISTINCT etl_uuid_id) AS ids FROM ${table}`);
      expect(ids).toEqual({ ids: String(rows.length) });
    },
  );
});

describe('a table of an earlier release', () => {
  it('goes on as it is where its source has always had a uuid_id', async () => {
    expect(await loads.load('old', keyed, 'id,uuid_id\n1,x\n')).toMatchObject({ status: 'success', rows_inserted: 1 });
    expect(await loads.load('old', keyed, 'id,uuid_id\n1,y\n')).toMatchObject({ status: 'success', rows_updated: 1 });
    expect(await loads.rowsOf('old', 'id, uuid_id_2')).toEqual(['1:y']);
    expect(Object.keys(await loads.columnsOf('old'))).toEqual(['uuid_id', 'id', 'uuid_id_2']);
  });
});

describe('rows with a uuid_id of the source', () => {
  it('are taken back by undo, and run again with it by replay', async () => {
    const settings = 'key_columns: [id], max_rejected_ratio: 1';
    await loads.load('refused', settings, 'id,uuid_id,extracted_at\n1,a,b\n');
    const second = await loads.load('refused', settings, 'id,uuid_id,extracted_at\n1,c,d\n2,e,f\n');
    expect(second).toMatchObject({ status: 'success', rows_rejected: 1, rows_inserted: 1 });
    await loads.ask('DELETE FROM refused WHERE id = 1');
    const run = String(second?.run_id);
    expect(await space.etl('replay', run, '--target', 'local', '--quiet')).toMatchObject({ status: 0 });
    expect(await loads.rowsOf('refused', 'id, uuid_id, extracted_at')).toEqual(['1:c:d', '2:e:f']);
    expect(await space.etl('undo', run, '--yes', '--target', 'local')).toMatchObject({ status: 0 });
    expect(await loads.rowsOf('refused', 'id, uuid_id')).toEqual(['1:c']);
  });
});
