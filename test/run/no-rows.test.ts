import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { serve, type TestServer } from '../support/http-server.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';

let space: InProcess;
let body = '[]';
let api: TestServer;

beforeAll(async () => {
  space = await inProcess();
  api = await serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(body);
  });
});

afterAll(async () => {
  await api.close();
  await space.remove();
});

afterEach(() => {
  body = '[]';
});

const modes = ['insert', 'upsert', 'replace'] as const;
const table = async (name: string): Promise<readonly unknown[]> =>
  await space.sql(`SELECT column_name, data_type FROM information_schema.columns WHERE table_name = '${name}'`);

async function run(name: string, settings: string, force = false) {
  space.write('etl.yaml', `pipelines: { ${name}: { ${settings} } }\ndata_source: { base_url: '${api.url}' }\n`);
  const [result] = await space.run([name], { force });
  return result;
}

describe('a source without rows', () => {
  it.each(modes)('is a success of 0 rows that makes no table, with %s', async (mode) => {
    const settings = (name: string, source: string): string =>
      `${source}, target_table: ${name}, load_mode: ${mode}, key_columns: [id], indexes: [[id]], verify: count`;
    space.write('empty.json', '[]');
    space.write('header.csv', 'id,name\n');
    space.write('nothing.ndjson', '');
    space.write('blank.ndjson', '\n \n');
    const sources = {
      list: 'source_type: api, endpoint: rows',
      nested: "source_type: api, endpoint: rows, records_path: '$.orders[*].lines[*]'",
      nothing: "source_type: api, endpoint: rows, records_path: '$.items[*]'",
      json: 'source_type: file, file_path: empty.json',
      header: 'source_type: file, file_path: header.csv',
      lines: 'source_type: file, file_path: nothing.ndjson',
      blank: 'source_type: file, file_path: blank.ndjson',
    };
    const bodies: Record<string, string> = { nested: '{"orders":[]}', nothing: '{"items":null}' };
    for (const [kind, source] of Object.entries(sources)) {
      body = bodies[kind] ?? '[]';
      const name = `none_${kind}_${mode}`;
      expect(await run(name, settings(name, source))).toMatchObject({
        status: 'success',
        rows_read: 0,
        rows_loaded: 0,
      });
      expect(await table(name)).toEqual([]);
    }
  });

  it.each(modes)(
    'decides no types for the rows that come later, and leaves a table that is there, with %s',
    async (mode) => {
      const name = `later_${mode}`;
      const settings = `source_type: api, endpoint: rows, target_table: ${name}, load_mode: ${mode}, key_columns: [id], indexes: [[id]]`;
      await run(name, settings);
      body = '[{"id":1,"at":"2026-01-01","n":1.5},{"id":2,"at":"2026-01-02","n":2}]';
      expect(await run(name, settings)).toMatchObject({ status: 'success', rows_loaded: 2 });
      expect(await table(name)).toEqual(expect.arrayContaining([{ column_name: 'at', data_type: 'date' }]));
      const columns = await table(name);
      body = '[]';
      const deleted = mode === 'replace' ? 2 : 0;
      expect(await run(name, settings, mode === 'replace')).toMatchObject({
        status: 'success',
        rows_loaded: 0,
        rows_deleted: deleted,
      });
      expect(await table(name)).toEqual(columns);
      expect(await space.sql(`SELECT count(*) AS n FROM ${name}`)).toEqual([{ n: String(2 - deleted) }]);
    },
  );

  it('takes no table away where that was not allowed', async () => {
    const settings = 'source_type: api, endpoint: rows, target_table: guarded, load_mode: replace, key_columns: [id]';
    body = '[{"id":1}]';
    await run('guarded', settings);
    body = '[]';
    expect(await run('guarded', settings)).toMatchObject({ status: 'failed', error_code: 'shrink_refused' });
    expect(await space.sql('SELECT count(*) AS n FROM guarded')).toEqual([{ n: '1' }]);
  });

  it('is an interval with nothing new, which leaves the watermark alone', async () => {
    const settings =
      'source_type: api, endpoint: rows, target_table: news, load_mode: upsert, key_columns: [id], incremental: { cursor_column: at }';
    body = '[{"id":1,"at":"2026-01-01T00:00:00Z"}]';
    await run('news', settings);
    const mark = await space.sql(`SELECT watermark FROM etl_state WHERE pipeline_name = 'news'`);
    body = '[]';
    expect(await run('news', settings)).toMatchObject({ status: 'success', rows_read: 0 });
    expect(await space.sql(`SELECT watermark FROM etl_state WHERE pipeline_name = 'news'`)).toEqual(mark);
  });
});
