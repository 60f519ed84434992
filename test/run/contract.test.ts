import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lookAtPipelines } from '../../lib/cli/run/look-context.ts';
import { loadConfig } from '../../lib/config/read-config.ts';
import { previewPipeline } from '../../lib/preview/preview-pipeline.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';

let etl: InProcess;

beforeAll(async () => {
  etl = await inProcess();
});

afterAll(async () => {
  await etl.remove();
});

function configure(name: string, settings: string): void {
  etl.write(
    'etl.yaml',
    `pipelines: { ${name}: { source_type: file, file_path: ${name}.csv, target_table: ${name}, ${settings} } }`,
  );
}

/** The statements that an error names. */
function statementsOf(message: string | null): readonly string[] {
  return (message ?? '').split('\n').filter((line) => /^ {2}(ALTER|UPDATE)/.test(line));
}

describe('a contract that a table cannot keep', () => {
  it('fails run and preview before anything is written, and the statements that it names bring the table there', async () => {
    const rows = ['id,amount,day', '1,5.50,2026-01-01', '2,,2026-01-02', '3,7,soon'];
    etl.write('sales.csv', `${rows.join('\n')}\n`);
    configure('sales', 'load_mode: upsert, key_columns: [id]');
    expect((await etl.run())[0]).toMatchObject({ status: 'success', rows_inserted: 3 });
    await etl.sql(`UPDATE sales SET day = '2026-01-03' WHERE id = 3`);
    configure('sales', 'load_mode: upsert, key_columns: [id], columns: { amount: text, day: date, id: bigint }');
    etl.write('sales.csv', `${[...rows.slice(0, 3), '4,n/a,2026-01-04'].join('\n')}\n`);
    const [preview] = await lookAtPipelines(
      loadConfig(path.join(etl.folder, 'etl.yaml')),
      [],
      { target: 'local' },
      (context) => previewPipeline(context, {}),
    );
    expect(preview?.outcome).toMatchObject({ status: 'fail', code: 'contract_mismatch' });
    expect(preview?.columns.map(({ name }) => name)).toContain('amount');
    const [failed] = await etl.run();
    expect(failed).toMatchObject({
      status: 'failed',
      error_code: 'contract_mismatch',
      stage: 'transform',
      rows_loaded: 0,
    });
    expect(failed?.error_message).toBe(preview?.outcome.status === 'load' ? '' : preview?.outcome.message);
    expect(failed?.error_message).toContain('columns declares amount as text, and the table has numeric(38,2)');
    const statements = statementsOf(failed?.error_message ?? null);
    expect(statements).toHaveLength(4);
    for (const statement of statements) await etl.sql(statement.replace(/;$/, ''));
    expect((await etl.run())[0]).toMatchObject({
      status: 'success',
      rows_inserted: 1,
      rows_updated: 1,
      rows_unchanged: 1,
    });
    expect(await etl.sql('SELECT id, amount, day FROM sales ORDER BY id')).toEqual([
      { id: '1', amount: '5.50', day: '2026-01-01' },
      { id: '2', amount: '', day: '2026-01-02' },
      { id: '3', amount: '7.00', day: '2026-01-03' },
      { id: '4', amount: 'n/a', day: '2026-01-04' },
    ]);
  });

  it('of a key is kept by a table that is made anew', async () => {
    etl.write('codes.csv', 'code,name\n1,a\n2,b\n');
    configure('codes', 'load_mode: upsert, key_columns: [code]');
    await etl.run();
    etl.write('codes.csv', 'code,name\n1,a\nx2,b\n');
    configure('codes', 'load_mode: upsert, key_columns: [code], columns: { code: text }');
    const [failed] = await etl.run();
    expect(failed).toMatchObject({ status: 'failed', error_code: 'contract_mismatch' });
    for (const statement of statementsOf(failed?.error_message ?? null)) await etl.sql(statement.replace(/;$/, ''));
    expect((await etl.run())[0]).toMatchObject({ status: 'success', rows_inserted: 2 });
    expect(await etl.sql('SELECT code FROM codes ORDER BY code')).toEqual([{ code: '1' }, { code: 'x2' }]);
  });
});
