import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lookAtPipelines } from '../../lib/cli/run/look-context.ts';
import { loadConfig } from '../../lib/config/read-config.ts';
import { previewPipeline } from '../../lib/preview/preview-pipeline.ts';
import { serve } from '../support/http-server.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';

let etl: InProcess;

beforeAll(async () => {
  etl = await inProcess();
});

afterAll(async () => {
  await etl.remove();
});

const orders = [
  {
    id: 1,
    customer: { name: 'Ada' },
    lines: [
      { no: 1, qty: 2.5 },
      { no: 2, qty: 'x' },
      { no: 3, qty: 7 },
    ],
  },
  { id: 2, customer: { name: 'Bo' }, lines: [] },
  { id: 3, customer: { name: 'Cy' }, lines: [{ no: 1, qty: 4 }] },
];
const shape =
  'explode: { path: lines, on_empty: filter }, flatten: 1, load_mode: upsert, key_columns: [id, lines.no], columns: { lines.qty: { rename: qty, type: "numeric(10,1)" } }';

it('elements of a file and of an API are the same rows, as the preview said, and rejected ones are run again', async () => {
  const server = await serve((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(orders));
  });
  etl.write('orders.ndjson', orders.map((order) => `${JSON.stringify(order)}\n`).join(''));
  const config = (rules = '') => `data_source: { base_url: "${server.url}" }
pipelines:
  filed: { source_type: file, file_path: orders.ndjson, target_table: filed, ${shape} ${rules} }
  asked: { source_type: api, endpoint: orders, target_table: asked, ${shape} ${rules} }
`;
  try {
    etl.write('etl.yaml', config());
    const previews = await lookAtPipelines(
      loadConfig(path.join(etl.folder, 'etl.yaml')),
      [],
      { target: 'local' },
      (context) => previewPipeline(context, {}),
    );
    const results = await etl.run();
    const exploded = { path: 'lines', records: 3, rows: 5, empty: 1, on_empty: 'filter' };
    const counts = { rows_read: 5, rows_filtered: 1, rows_rejected: 1 };
    for (const [at, result] of results.entries()) {
      expect(result).toMatchObject({ status: 'success', ...counts, rows_inserted: 3, exploded });
      expect(previews[at]).toMatchObject({
        counts: { ...counts, rows_clean: 3 },
        exploded,
        writes: { rows_inserted: 3 },
      });
    }
    const rows = (table: string) =>
      etl.sql(`SELECT id, customer_name, lines_no, qty FROM ${table} ORDER BY id, lines_no`);
    expect(await rows('filed')).toEqual([
      { id: '1', customer_name: 'Ada', lines_no: '1', qty: '2.5' },
      { id: '1', customer_name: 'Ada', lines_no: '3', qty: '7.0' },
      { id: '3', customer_name: 'Cy', lines_no: '1', qty: '4.0' },
    ]);
    expect(await rows('asked')).toEqual(await rows('filed'));
    const details = await etl.sql(
      `SELECT details->'exploded' AS exploded FROM etl_execution_log WHERE pipeline_name = 'filed'`,
    );
    expect(details[0]?.exploded).toEqual(exploded);
    expect((await etl.run(['filed']))[0]).toMatchObject({ status: 'skipped' });

    etl.write(
      'etl.yaml',
      config().replaceAll('"numeric(10,1)"', 'text').replaceAll('qty, type: text', 'note, type: text'),
    );
    const replayed = await etl.etl('replay', results[0]?.run_id ?? '', '--target', 'local', '--quiet');
    expect(replayed.stderr).toBe('');
    // The connection of this test learns of the new column by a statement that fails.
    await etl.sql('SELECT id FROM filed').catch(() => undefined);
    expect(await etl.sql('SELECT id, lines_no, note FROM filed WHERE note IS NOT NULL')).toEqual([
      { id: '1', lines_no: '2', note: 'x' },
    ]);
  } finally {
    await server.close();
  }
});
