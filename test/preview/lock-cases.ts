import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { type Locked, writeLock } from '../../lib/cli/check/lock.ts';
import { lookAtPipelines } from '../../lib/cli/run/look-context.ts';
import { loadConfig } from '../../lib/config/read-config.ts';
import { previewPipeline } from '../../lib/preview/preview-pipeline.ts';
import type { InProcess } from '../support/in-process.ts';

const csv = `Order No.,amount,status,is_test,born,number
1,5.50,new,no,2026-01-02,7
2,,paid,no,2026-01-03,8
3,7,,yes,,9
4,1.25,new,no,2026-01-05,10
`;
const nested = [
  {
    id: 1,
    customer: { name: 'Ada', since: '2020-01-01' },
    lines: [
      { no: 1, qty: 2.5 },
      { no: 2, qty: 3 },
    ],
    tags: ['a'],
  },
  { id: 2, customer: { name: 'Bo', since: '2021-01-01' }, lines: [], tags: [] },
]
  .map((row) => `${JSON.stringify(row)}\n`)
  .join('');

/** Settings of a pipeline, and what a lock makes of them. */
export interface LockCase {
  readonly key: string;
  /** Lines of the pipeline's settings, as somebody wrote them. */
  readonly settings: string;
  readonly nested?: boolean;
  /** What a lock writes. */
  readonly columns: Readonly<Record<string, string>>;
  /** Columns to which it gives no type. */
  readonly left?: readonly string[];
}

const all = {
  order_no: 'bigint',
  amount: 'numeric(38,2)',
  status: 'text',
  is_test: 'text',
  born: 'date',
  number: 'bigint',
};
const { is_test: _, ...untested } = all;
const { order_no, ...unordered } = all;

/** One of each setting that says which columns a table gets, and of each kind of rule. */
export const lockCases: readonly LockCase[] = [
  { key: 'no setting', settings: '', columns: all },
  {
    key: 'rename',
    settings: 'rename:\n  # the number of the shop\n  Order No.: ref # not ours\n  status: state\n',
    columns: {
      ref: 'bigint',
      amount: 'numeric(38,2)',
      state: 'text',
      is_test: 'text',
      born: 'date',
      number: 'bigint',
    },
  },
  {
    key: 'rename to the name of a column that select leaves out',
    settings: 'rename: { Order No.: number } # ours\nselect: [Order No.]\n',
    columns: { number: 'bigint' },
  },
  {
    key: 'rename in columns',
    settings: 'columns:\n  # the number of the shop\n  Order No.: { rename: ref } # not ours\n  born: date\n',
    columns: { 'Order No.': 'bigint', amount: 'numeric(38,2)', status: 'text', is_test: 'text', number: 'bigint' },
  },
  {
    key: 'default',
    settings: 'columns:\n  amount: { type: "numeric(12,2)", default: 0 } # none is free\n',
    columns: { order_no: 'bigint', status: 'text', is_test: 'text', born: 'date', number: 'bigint' },
  },
  {
    key: 'drop',
    settings:
      'columns: { is_test: { drop: true } } # no tests\nbusiness_rules:\n  - { type: filter, condition: "is_test <> \'yes\'" }\n',
    columns: untested,
    left: ['is_test'],
  },
  { key: 'select', settings: 'select: [Order No., born] # no more\n', columns: { order_no: 'bigint', born: 'date' } },
  { key: 'exclude', settings: 'exclude:\n  # secret\n  - Order No.\n', columns: unordered },
  {
    key: 'explode',
    nested: true,
    settings: 'explode: lines # each a row\n',
    columns: { id: 'bigint', customer: 'jsonb', lines: 'jsonb', tags: 'jsonb' },
  },
  {
    key: 'flatten',
    nested: true,
    settings: 'flatten: 1\n',
    columns: { id: 'bigint', customer_name: 'text', customer_since: 'date', lines: 'jsonb', tags: 'jsonb' },
  },
  {
    key: 'explode and flatten, with keys and a new name',
    nested: true,
    settings:
      'explode: { path: lines, on_empty: filter }\nflatten: 1\nload_mode: upsert\nkey_columns: [id, lines.no]\nrename: { lines.qty: qty }\nexclude: [tags]\n',
    columns: { id: 'bigint', customer_name: 'text', customer_since: 'date', lines_no: 'bigint', qty: 'numeric(38,1)' },
  },
  {
    key: 'rules that change columns',
    settings: `rename: { status: state }
business_rules:
  - { type: transform, column: status, function: upper }
  - { type: cast, column: Order No., to: text }
  - { type: mask, column: BORN, method: redact }
  - { type: expect, condition: "amount < 7", on_failure: reject, name: cheap }
`,
    columns: { amount: 'numeric(38,2)', is_test: 'text', number: 'bigint' },
    left: ['order_no', 'state', 'born'],
  },
  {
    key: 'rules that make columns',
    settings: `columns: { helper: { drop: true } }
business_rules:
  - { type: enrich, new_column: Total Sum, logic: "amount * 2" }
  - { type: enrich, new_column: helper, logic: "1" }
  - { type: enrich, new_column: number, logic: "number + 1" }
  - { type: lookup, from: { file: regions.csv }, on: { status: code }, take: { Sales Region: region }, on_miss: null }
`,
    columns: { order_no: 'bigint', amount: 'numeric(38,2)', status: 'text', is_test: 'text', born: 'date' },
    left: ['number', 'total_sum', 'sales_region'],
  },
];

const tableOf = (at: number, which: string): string => `lock_${at}_${which}`;

function write(at: number, { nested: isNested, settings }: LockCase): string {
  const pipeline = (which: string): string => {
    const lines = settings.split('\n').flatMap((line) => (line === '' ? [] : [`    ${line}\n`]));
    const file = isNested === true ? 'rows.ndjson' : 'rows.csv';
    return `  ${tableOf(at, which)}: # ${which}\n    source_type: file\n    file_path: ${file} # daily\n    target_table: ${tableOf(at, which)}\n${lines.join('')}`;
  };
  return `# of the shop\npipelines:\n${pipeline('free')}${pipeline('locked')}`;
}

async function lock(etl: InProcess, pipeline: string): Promise<Locked> {
  const config = loadConfig(path.join(etl.folder, 'etl.yaml'));
  const previews = await lookAtPipelines(config, [pipeline], { target: 'local' }, (context) =>
    previewPipeline(context, { again: true }),
  );
  const [locked] = await writeLock(config, previews, false);
  if (locked === undefined) throw new Error('nothing was locked');
  return locked;
}

/** The table's columns with their types, and its rows without what tells one run from another. */
async function held(etl: InProcess, table: string): Promise<unknown> {
  const columns = await etl.sql(
    `SELECT column_name, data_type, numeric_precision, numeric_scale FROM information_schema.columns
      WHERE table_name = '${table}' ORDER BY ordinal_position`,
  );
  const rows = await etl.sql(
    `SELECT (to_jsonb(t) - 'uuid_id' - 'extracted_at' - 'created_at' - 'updated_at')::text AS row FROM ${table} t ORDER BY 1`,
  );
  return { columns, rows };
}

/**
 * Locks one of two equal pipelines, and runs both: columns, types, rows and counts have to be equal, and the file has to be
 * as it was but for what the lock has put in.
 */
export async function playLock(etl: InProcess, one: LockCase): Promise<void> {
  const at = lockCases.indexOf(one);
  etl.write('rows.csv', csv);
  etl.write('rows.ndjson', nested);
  etl.write('regions.csv', 'code,region\nnew,north\npaid,south\n');
  const before = write(at, one);
  const file = etl.write('etl.yaml', before);
  const locked = await lock(etl, tableOf(at, 'locked'));
  expect(locked.columns).toEqual(one.columns);
  expect(locked.left.map(({ name }) => name).sort()).toEqual([...(one.left ?? [])].sort());

  const after = readFileSync(file, 'utf8').split('\n');
  // Every line and comment is there still, in its order; a line of columns may have a type besides.
  let next = 0;
  for (const line of before.split('\n')) {
    const found = after.indexOf(line, next);
    if (!/^ +(columns|[^:]+): \{|^ {6}/.test(line) || found !== -1) {
      expect(found, `line ${line} of\n${after.join('\n')}`).not.toBe(-1);
      next = found + 1;
    }
  }
  const comments = (text: string): readonly string[] => text.match(/#.*/g) ?? [];
  expect(comments(after.join('\n'))).toEqual(comments(before));

  const [free, bound] = await etl.run([tableOf(at, 'free'), tableOf(at, 'locked')]);
  const counts = ({ rows_filtered, rows_loaded, rows_read, rows_rejected, status }: NonNullable<typeof free>) => ({
    rows_filtered,
    rows_loaded,
    rows_read,
    rows_rejected,
    status,
  });
  if (free === undefined || bound === undefined) throw new Error('a pipeline has not run');
  expect(counts(free), free.error_message ?? '').toMatchObject({ status: 'success' });
  expect(counts(bound), bound.error_message ?? '').toEqual(counts(free));
  expect(await held(etl, tableOf(at, 'locked'))).toEqual(await held(etl, tableOf(at, 'free')));

  // With a table it finds the same contract, and none that is missing in one that it wrote.
  expect(await lock(etl, tableOf(at, 'locked'))).toMatchObject({ columns: {}, settings: {} });
  expect((await lock(etl, tableOf(at, 'free'))).columns).toEqual(one.columns);
}
