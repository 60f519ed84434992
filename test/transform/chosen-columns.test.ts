import { describe, expect, it } from 'vitest';
import type { TransformSettings } from '../../lib/transform/request.ts';
import { runTransform, typesOf, withoutService } from './support/stage.ts';

const content = 'Order No.,amount,note,secret\n1,5.50,a,x\n2,,b,y\n3,7,,z\n';

async function load(settings: Partial<TransformSettings>, more: Parameters<typeof runTransform>[2] = {}) {
  const { manifest, rejected, rows } = await runTransform({ format: 'csv', content }, settings, more);
  return { types: typesOf(manifest), rows: withoutService(rows), rejected, warnings: manifest.warnings };
}

const targetColumns = [
  { name: 'uuid_id', type: 'uuid', nullable: false, isId: true },
  { name: 'order_no', type: 'bigint', nullable: true },
  { name: 'amount', type: 'numeric(38,2)', nullable: true },
  { name: 'note', type: 'text', nullable: true },
  { name: 'secret', type: 'text', nullable: true },
  { name: 'status', type: 'text', nullable: true },
  { name: 'extracted_at', type: 'timestamp with time zone', nullable: true },
  { name: 'created_at', type: 'timestamp with time zone', nullable: false },
  { name: 'updated_at', type: 'timestamp with time zone', nullable: false },
];

describe('select and exclude', () => {
  it('take columns by their names in the source or in the table, in the order of the source', async () => {
    const expected = { amount: 'numeric(38,2)', order_no: 'bigint' };
    expect((await load({ select: ['AMOUNT', 'order_no'] })).types).toEqual(expected);
    expect(Object.keys((await load({ select: ['AMOUNT', 'Order No.'] })).types)).toEqual(['order_no', 'amount']);
    expect((await load({ exclude: ['note', 'secret'] })).types).toEqual(expected);
  });

  it('leave a column out before its values matter, and compare repeated rows by all columns', async () => {
    const dates = { format: 'csv', content: 'id,day\n1,2026-01-01\n1,soon\n1,soon\n' } as const;
    const { manifest } = await runTransform(dates, { exclude: ['day'], columns: {}, deduplicate: true });
    expect(manifest.counts).toMatchObject({ rows_read: 3, rows_deduplicated: 1, rows_rejected: 0, rows_clean: 2 });
  });

  it('let a source have more columns than a table', async () => {
    const names = Array.from({ length: 260 }, (_, i) => `c${i}`);
    const wide = { format: 'csv', content: `${names.join()}\n${names.join()}\n` } as const;
    await expect(runTransform(wide)).rejects.toMatchObject({ code: 'too_many_columns' });
    expect(typesOf((await runTransform(wide, { select: ['c7', 'c259'] })).manifest)).toEqual({
      c7: 'text',
      c259: 'text',
    });
  });

  it('name a column that the source does not have: an error with the nearest name while there is no table', async () => {
    await expect(load({ exclude: ['secrets'] })).rejects.toThrow(
      'Pipeline sample: exclude names secrets, which the source does not have. Did you mean secret?',
    );
    await expect(load({ select: ['Order No.', 'amout'] })).rejects.toThrow(/select names amout.*Did you mean amount/);
    await expect(load({ columns: { secrets: { drop: true } } })).rejects.toThrow(/columns names secrets/);
  });

  it('are drift once there is a table: said, or failed where on_missing_column says so', async () => {
    expect((await load({ exclude: ['debug', 'status'] }, { targetColumns })).warnings).toEqual([
      'The source has no column status, which the table has; rows that exist keep their values, new ones have none.',
      'Exclude names the column debug, which the source does not have.',
      'Exclude names the column status, which the source does not have.',
    ]);
    const fails = load({ exclude: ['debug'], on_missing_column: 'fail' }, { targetColumns: targetColumns.slice(0, 5) });
    await expect(fails).rejects.toThrow(/exclude names the column debug.*on_missing_column is fail/);
    expect((await load({ select: ['Order No.', 'status'] }, { targetColumns })).types).toEqual({ order_no: 'bigint' });
    await expect(load({ select: ['Order No.', 'stat'] }, { targetColumns })).rejects.toThrow(/select names stat,/);
  });

  it('are said where the table has the column that they leave out', async () => {
    const { warnings } = await load(
      { exclude: ['secret'], on_missing_column: 'fail' },
      { targetColumns: targetColumns.filter(({ name }) => name !== 'status') },
    );
    expect(warnings).toEqual([
      'The configuration leaves out the column secret, which the table has; rows that exist keep their values, new ones have none.',
    ]);
  });
});

describe('columns', () => {
  it('renames a column, by whichever name it is found', async () => {
    const columns = { 'Order No.': { rename: 'Number', type: 'integer' }, note: { rename: 'remark' } } as const;
    const { rows, types } = await load({ columns, exclude: ['secret'], key_columns: ['number'], blank_text: 'keep' });
    expect(types).toEqual({ number: 'integer', amount: 'numeric(38,2)', remark: 'text' });
    expect(rows[2]).toEqual({ number: 3, amount: '7.00', remark: null });
    await expect(load({ columns: { note: { rename: 'Amount' } } })).rejects.toThrow(
      'Pipeline sample: columns gives note the name amount, which another column or the service itself has.',
    );
    expect((await load({ columns: { note: { rename: 'amount' } }, exclude: ['amount'] })).types.amount).toBe('text');
    await expect(load({ columns: { notes: { rename: 'remark' } } })).rejects.toThrow(/columns names notes/);
    await expect(load({ columns: { note: { rename: 'a' }, NOTE: 'text' } })).rejects.toMatchObject({
      code: 'repeated_column',
    });
  });

  it('gives rows without a value a default, of the type of the table', async () => {
    const columns = {
      amount: { type: 'numeric(10,2)', default: 0 },
      note: { type: 'text', default: 'none' },
    } as const;
    const { rejected, rows } = await load({ columns, exclude: ['secret'] });
    expect(rejected).toEqual([]);
    expect(rows).toEqual([
      { order_no: '1', amount: '5.50', note: 'a' },
      { order_no: '2', amount: '0.00', note: 'b' },
      { order_no: '3', amount: '7.00', note: 'none' },
    ]);
    const inTable = await load({ columns, exclude: ['secret'] }, { targetColumns });
    expect(inTable.rows).toEqual(rows);
  });

  it('gives a default also where the source has no such column any more, and says so', async () => {
    const columns = { status: { type: 'text', default: 'new' } } as const;
    const { rows, warnings } = await load({ columns, exclude: ['secret'] }, { targetColumns });
    expect(rows[0]).toEqual({ order_no: '1', amount: '5.50', note: 'a', status: 'new' });
    expect(warnings).toContain('The source has no column status, which the table has; each row gets its default.');
    await expect(load({ columns, on_missing_column: 'fail' }, { targetColumns })).rejects.toThrow(/no column status/);
    await expect(load({ columns })).rejects.toThrow(/columns names status/);
  });

  it('keeps a value that is there, also an empty text, and gives a default to every format', async () => {
    const lines =
      '{"id":1,"qty":null,"name":""}\n{"id":2,"name":null}\n{"id":3,"qty":4,"name":"x"}\n{"id":4,"qty":"  "}\n';
    const columns = {
      qty: { type: 'integer', default: 9 },
      name: { type: 'varchar(5)', default: 'none' },
    } as const;
    const { rows } = await runTransform({ format: 'ndjson', content: lines }, { columns });
    expect(withoutService(rows)).toEqual([
      { id: '1', qty: 9, name: '' },
      { id: '2', qty: 9, name: 'none' },
      { id: '3', qty: 4, name: 'x' },
      { id: '4', qty: 9, name: 'none' },
    ]);
  });

  it('drops a column behind the rules that use it, also one that a rule makes', async () => {
    const { rows, types } = await load({
      columns: { secret: { drop: true }, half: { drop: true } },
      business_rules: [
        { type: 'filter', condition: "secret <> 'y'" },
        { type: 'enrich', new_column: 'half', logic: 'amount / 2' },
        { type: 'enrich', new_column: 'quarter', logic: 'half / 2' },
      ],
    });
    expect(Object.keys(types)).toEqual(['order_no', 'amount', 'note', 'quarter']);
    expect(rows).toHaveLength(2);
  });
});

describe('a contract on a column of a table', () => {
  const breaks = (columns: TransformSettings['columns'], present: string, keys: string[] = []) =>
    load(
      { columns, key_columns: keys, target_table: 'shop.orders', exclude: ['secret'] },
      {
        targetColumns: targetColumns
          .filter(({ name }) => name !== 'status' && name !== 'secret')
          .map((column) => (column.name === 'amount' ? { ...column, type: present } : column)),
      },
    );

  it.each([
    ['text', 'bigint'],
    ['numeric(12,2)', 'numeric(10,2)'],
    ['bigint', 'numeric(12,0)'],
    ['bigint', 'double precision'],
    ['double precision', 'real'],
    ['varchar(20)', 'character varying(10)'],
    ['timestamp', 'timestamp(3) without time zone'],
    ['timestamptz', 'timestamp without time zone'],
    ['date', 'timestamp with time zone'],
    ['jsonb', 'bytea'],
  ])('is an error where the type does not hold the declared one: %s, not %s', async (declared, present) => {
    await expect(breaks({ amount: declared }, present)).rejects.toMatchObject({
      code: 'contract_mismatch',
      message: expect.stringContaining(`columns declares amount as ${declared}, and the table has ${present}.`),
    });
  });

  it.each([
    ['numeric(12,2)', 'numeric(14,3)'],
    ['integer', 'bigint'],
    ['bigint', 'numeric(38,2)'],
    ['integer', 'double precision'],
    ['varchar(20)', 'text'],
    ['numeric(12,2)', 'text'],
    ['date', 'timestamp without time zone'],
  ])('is kept where the type holds the declared one, and said: %s in %s', async (declared, present) => {
    const { warnings } = await breaks({ amount: declared }, present);
    expect(warnings).toEqual([
      `columns declares amount as ${declared}, and the table has ${present}: each value has to fit both.`,
    ]);
  });

  it('says which statements bring the table there', async () => {
    await expect(breaks({ amount: 'date' }, 'text')).resolves.toBeDefined();
    await expect(breaks({ amount: 'date' }, 'bigint')).rejects.toThrow(`Nothing was loaded.
Aurora DSQL changes no column's type. These statements bring the table there, one after another, e.g. by etl sql:
  ALTER TABLE "shop"."orders" ADD COLUMN "amount_new" date;
  UPDATE "shop"."orders" SET "amount_new" = "amount"::text::date WHERE "uuid_id" IN (SELECT "uuid_id" FROM "shop"."orders" WHERE "amount_new" IS NULL AND "amount" IS NOT NULL LIMIT 3000);
  -- the UPDATE again until it changes no row: a transaction changes 3,000 rows at most
  ALTER TABLE "shop"."orders" DROP COLUMN "amount";
  ALTER TABLE "shop"."orders" RENAME COLUMN "amount_new" TO "amount";
`);
    await expect(breaks({ amount: 'text' }, 'bigint', ['amount'])).rejects.toThrow(
      'ALTER TABLE "shop"."orders" RENAME TO "orders_before";',
    );
  });

  it('holds for a column that a rule makes as well', async () => {
    const made = (declared: string, present: string) =>
      load(
        {
          columns: { status: declared },
          business_rules: [{ type: 'enrich', new_column: 'status', logic: '"Order No." * 30000' }],
        },
        { targetColumns: targetColumns.map((one) => (one.name === 'status' ? { ...one, type: present } : one)) },
      );
    await expect(made('bigint', 'integer')).rejects.toMatchObject({ code: 'contract_mismatch' });
    const { rejected, rows } = await made('smallint', 'bigint');
    expect(rows.map(({ status }) => status)).toEqual(['30000']);
    expect(rejected[0]).toMatchObject({
      column_name: 'status',
      reason: expect.stringContaining('as columns declares it'),
    });
  });
});
