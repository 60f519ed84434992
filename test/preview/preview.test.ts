import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeLock } from '../../lib/cli/check/lock.ts';
import { explainColumn } from '../../lib/cli/preview/column-evidence.ts';
import { describePreview } from '../../lib/cli/preview/preview-text.ts';
import { lookAtPipelines } from '../../lib/cli/run/look-context.ts';
import { loadConfig } from '../../lib/config/read-config.ts';
import type { Preview } from '../../lib/preview/preview.ts';
import { type PreviewDemand, previewPipeline } from '../../lib/preview/preview-pipeline.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';

let etl: InProcess;

beforeAll(async () => {
  etl = await inProcess();
});

afterAll(async () => {
  await etl.remove();
});

const config = () => loadConfig(path.join(etl.folder, 'etl.yaml'));

async function previewOf(name: string, demand: PreviewDemand = {}): Promise<Preview> {
  const [found] = await lookAtPipelines(config(), [name], { target: 'local' }, (context) =>
    previewPipeline(context, demand),
  );
  if (found === undefined) throw new Error('There is no preview.');
  return found;
}

function table(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}

describe('a preview', () => {
  it('says why a column is text, what a narrower type would cost, and what each rule did', async () => {
    const amounts = Array.from({ length: 300 }, (_, i) => `${i + 1},${i === 199 ? 'N/A' : `${i}.5`},x`);
    etl.write('payments.csv', table(['id,amount,note', ...amounts, 'x,1']));
    etl.write(
      'etl.yaml',
      `pipelines:
  payments:
    source_type: file
    file_path: payments.csv
    target_table: payments
    load_mode: upsert
    key_columns: [id]
    business_rules:
      - { type: filter, condition: "id <> 7" }
      - { type: enrich, new_column: share, logic: "1 / (id - 9)" }
`,
    );
    const preview = await previewOf('payments');
    const amount = preview.columns.find(({ name }) => name === 'amount');
    expect(amount?.type).toBe('text');
    expect(amount === undefined ? '' : explainColumn(amount)).toBe(
      'because 1 of 300 values is no number: "N/A", payments.csv, row 201; columns: { amount: numeric } would reject that row',
    );
    expect(preview.counts).toEqual({
      rows_read: 301,
      rows_filtered: 1,
      rows_deduplicated: 0,
      rows_rejected: 2,
      rows_clean: 298,
    });
    expect(preview.rules.map(({ rows_filtered, rows_rejected }) => [rows_filtered, rows_rejected])).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(preview.rejected_rows.map(({ row, row_number }) => [row_number, row])).toEqual([
      [302, '{"raw":"x,1"}'],
      [10, '{"id":"9","amount":"8.5","note":"x"}'],
    ]);
    expect(preview.writes).toMatchObject({ rows_inserted: 298, rows_updated: 0, rows_deleted: 0 });
    const text = describePreview(preview, 80);
    expect(text).toContain('rule 1 (filter: id <> 7): 1 filtered, 0 rejected');
    expect(text).toContain('CREATE TABLE IF NOT EXISTS "public"."payments"');
    const made = await etl.sql(`SELECT relname FROM pg_class WHERE relname LIKE 'etl%' OR relname = 'payments'`);
    expect(made).toEqual([]);
  });

  it('shows rows of the table before and after, and what replace would delete', async () => {
    etl.write('stock.csv', table(['sku,qty', 'a,1', 'b,2', 'c,3', 'd,4']));
    etl.write(
      'etl.yaml',
      'pipelines: { stock: { source_type: file, file_path: stock.csv, target_table: stock, load_mode: replace, key_columns: [sku] } }',
    );
    await etl.run();
    expect((await previewOf('stock')).outcome).toMatchObject({ status: 'skip', code: 'already_loaded' });
    etl.write('stock.csv', table(['sku,qty,color', 'a,1,red', 'b,5,', 'e,6,']));
    const { columns, ddl, writes } = await previewOf('stock');
    expect(writes).toMatchObject({ rows_inserted: 1, rows_updated: 2, rows_unchanged: 0, rows_deleted: 2 });
    expect(writes?.updates).toContainEqual({
      key: { sku: 'b' },
      columns: { qty: { before: '2', after: '5' }, color: { before: null, after: '' } },
    });
    expect(ddl).toEqual(['ALTER TABLE "public"."stock" ADD COLUMN IF NOT EXISTS "color" text']);
    expect(columns.find(({ name }) => name === 'color')?.state).toBe('new');
    etl.write('stock.csv', table(['sku', 'a', 'b', 'c', 'd']));
    const emptied = (await previewOf('stock')).writes;
    expect(emptied).toMatchObject({ rows_inserted: 0, rows_updated: 4, rows_unchanged: 0, rows_deleted: 0 });
    expect(emptied?.updates).toContainEqual({ key: { sku: 'a' }, columns: { qty: { before: '1', after: null } } });
    expect((await etl.run())[0]).toMatchObject({ rows_updated: 4, rows_deleted: 0 });
    etl.write('stock.csv', table(['sku', 'a']));
    const shrunk = await previewOf('stock');
    expect(shrunk.outcome).toMatchObject({ status: 'fail', code: 'shrink_refused' });
    expect(shrunk.columns.find(({ name }) => name === 'qty')?.state).toBe('gone');
  });

  it('looks at the first rows only, and says that what would be deleted is unknown', async () => {
    const rows = Array.from({ length: 5_000 }, (_, i) => `${i},"line\nbreak ${i}"`);
    etl.write('many.csv', table(['sku,qty', ...rows]));
    etl.write(
      'etl.yaml',
      'pipelines: { many: { source_type: file, file_path: many.csv, target_table: many, load_mode: replace, key_columns: [sku] } }',
    );
    await etl.run();
    rows[7] = '7,"another"';
    etl.write('many.csv', table(['sku,qty', ...rows]));
    const { counts, rows_limit, writes } = await previewOf('many', { rows: 100 });
    expect(rows_limit).toBe(100);
    expect(counts.rows_read).toBe(100);
    expect(writes).toMatchObject({ rows_inserted: 0, rows_updated: 1, rows_unchanged: 99, rows_deleted: null });
  });
});

describe('a lock', () => {
  it('writes the inferred types, and later runs reject what has another', async () => {
    etl.write('people.csv', table(['id,Born On,name', '1,2001-02-03,Ann', '2,1999-12-31,Bob']));
    etl.write(
      'etl.yaml',
      `pipelines:
  people: # from HR
    source_type: file
    file_path: people.csv
    target_table: people
    business_rules: [{ type: transform, column: name, function: len }]
`,
    );
    const locked = await writeLock(config(), [await previewOf('people')], false);
    expect(locked[0]).toMatchObject({
      columns: { id: 'bigint', born_on: 'date' },
      settings: { on_new_column: 'add', on_missing_column: 'warn', on_type_mismatch: 'reject' },
      left: [{ name: 'name', reason: 'a business rule makes its values' }],
    });
    const text = readFileSync(path.join(etl.folder, 'etl.yaml'), 'utf8');
    expect(text).toContain('  people: # from HR\n');
    expect(text).toContain('    columns:\n      id: bigint\n      born_on: date\n    on_new_column: add\n');
    etl.write('people.csv', table(['id,Born On,name', '1,2001-02-03,Ann', '2,1999-12-31,Bob', '3,soon,Cy']));
    const [result] = await etl.run();
    expect(result).toMatchObject({ status: 'success', rows_loaded: 2, rows_rejected: 1 });
    expect(await writeLock(config(), [await previewOf('people')], false)).toMatchObject([
      { columns: {}, settings: {} },
    ]);
  });
});
