import { describe, expect, it } from 'vitest';
import { InvalidConfigError } from '../../lib/config/errors.ts';
import { parseConfig } from '../../lib/config/read-config.ts';

const head = 'pipelines:\n  orders:\n    source_type: file\n    file_path: a.csv\n    target_table: orders\n';

function problemsOf(settings: string): readonly string[] {
  const lines = settings.split('\n').map((line) => `    ${line}\n`);
  try {
    parseConfig(head + lines.join(''), 'etl.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error;
    return error.message.split('\n');
  }
}

describe('settings of columns that contradict each other are errors with their place', () => {
  it.each([
    [
      'select: [id]\nexclude: [name]',
      'etl.yaml:7:5: pipelines.orders.exclude: says the opposite of select: what select does not name is left out already; remove one of them',
    ],
    ['select: [id, ID]', 'etl.yaml:6:18: pipelines.orders.select[1]: names the column ID twice; name it once'],
    [
      'key_columns: [Order No.]\nexclude: [order_no]',
      'etl.yaml:6:5: pipelines.orders.key_columns: needs the column Order No., which exclude leaves out; change one of the two',
    ],
    [
      'load_mode: upsert\nkey_columns: [number]\nselect: [amount]',
      'etl.yaml:7:5: pipelines.orders.key_columns: needs the column number, which select does not name; change one of the two',
    ],
    [
      'key_columns: [id]\ncolumns: {id: {drop: true}}',
      'etl.yaml:6:5: pipelines.orders.key_columns: needs the column id, which columns.id.drop leaves out of the table; change one of the two',
    ],
    [
      'indexes: [[status]]\nexclude: [status]',
      'etl.yaml:6:15: pipelines.orders.indexes[0]: needs the column status, which exclude leaves out; change one of the two',
    ],
    [
      'exclude: [amount]\ncolumns: {amount: numeric}',
      'etl.yaml:7:15: pipelines.orders.columns.amount: needs the column amount, which exclude leaves out; change one of the two',
    ],
    [
      'rename: {a: b}\ncolumns: {a: {rename: c}}',
      'etl.yaml:7:19: pipelines.orders.columns.a.rename: gives a a name, as rename does; remove one of them',
    ],
    [
      'columns: {a: {rename: x}, b: {rename: X}}',
      'etl.yaml:6:35: pipelines.orders.columns.b.rename: gives b the name X, which a gets; choose another name',
    ],
    [
      'rename: {a: uuid_id}',
      'etl.yaml:6:14: pipelines.orders.rename.a: is the name of the column that the service keeps its ids in; choose another name',
    ],
    [
      'columns: {a: {rename: b, drop: true}}',
      'etl.yaml:6:19: pipelines.orders.columns.a.rename: names a column of the table, and drop leaves it out of the table; remove one of them',
    ],
    [
      'columns: {a: {type: text, default: null}}',
      'etl.yaml:6:31: pipelines.orders.columns.a.default: is null, which a row without a value has already; remove it, or give a value',
    ],
    [
      'columns: {a: {default: 0}}',
      'etl.yaml:6:19: pipelines.orders.columns.a.default: needs the type beside it, e.g. {type: bigint, default: 0}',
    ],
    [
      'columns: {a: {type: bigint, required: true, default: 0}}',
      'etl.yaml:6:33: pipelines.orders.columns.a.required: rejects the rows to which default gives a value; remove one of them',
    ],
    [
      'key_columns: [a]\ncolumns: {a: {type: bigint, default: 0}}',
      'etl.yaml:7:33: pipelines.orders.columns.a.default: would give all rows without a key the same one; let them be rejected',
    ],
    [
      'business_rules: [{type: enrich, new_column: a, logic: b}]\ncolumns: {a: {type: bigint, default: 0}}',
      'etl.yaml:7:33: pipelines.orders.columns.a.default: is of a column that an enrich rule makes; use coalesce in its logic',
    ],
  ])('%s', (settings, expected) => {
    expect(problemsOf(settings)).toEqual([expected]);
  });

  it('also the cursor column of an API', () => {
    const api = `data_source: {base_url: "https://api.example.com"}
pipelines:
  orders: {source_type: api, endpoint: orders, target_table: orders, load_mode: upsert, key_columns: [id],
    incremental: {cursor_column: updated_at, start_param: since}, exclude: [updated_at]}`;
    expect(() => parseConfig(api, 'etl.yaml')).toThrow(
      /etl\.yaml:4:19: pipelines\.orders\.incremental\.cursor_column: needs the column updated_at, which exclude leaves out/,
    );
  });

  it.each([
    ['select: [id, Order No.]\nkey_columns: [number]\nrename: {"Order No.": number}\nindexes: [[extracted_at]]'],
    ['select: [id]\nbusiness_rules: [{type: enrich, new_column: a, logic: id}]\nindexes: [[a]]\ncolumns: {a: text}'],
    ['columns: {flag: {type: text, drop: true, required: true}, a: {rename: b}, c: {rename: a}}'],
  ])('and what fits together is none: %s', (settings) => {
    expect(problemsOf(settings)).toEqual([]);
  });
});

describe('a default', () => {
  it.each([
    ['bigint', '9223372036854775808'],
    ['smallint', '40000'],
    ['integer', '1.5'],
    ['integer', '"007"'],
    ['numeric(4,2)', '100'],
    ['numeric(4,2)', '"0.001"'],
    ['numeric', '"0.1234567"'],
    ['boolean', '"yes"'],
    ['varchar(3)', 'long'],
    ['date', '"2026-02-30"'],
    ['timestamp', '"2026-01-01T10:00:00Z"'],
    ['timestamptz', '"2026-01-01T10:00:00"'],
    ['uuid', 'x'],
    ['jsonb', '"{"'],
    ['real', '"0.12345678"'],
  ])('has to fit its type: %s, not %s', (type, value) => {
    expect(problemsOf(`columns: {a: {type: "${type}", default: ${value}}}`)).toEqual([
      expect.stringMatching(
        /^etl\.yaml:6:\d+: pipelines\.orders\.columns\.a\.default: (is no value of|has more digits)/,
      ),
    ]);
  });

  it.each([
    ['bigint', '"9223372036854775807"'],
    ['numeric(4,2)', '99.99'],
    ['numeric', '0.5'],
    ['numeric(20)', '"12345678901234567890"'],
    ['boolean', 'false'],
    ['varchar(3)', '"äöü"'],
    ['date', '"2024-02-29"'],
    ['time', '"23:59"'],
    ['timestamp', '"2026-01-01 10:00:00.123456"'],
    ['timestamptz', '"2026-01-01T10:00:00+0200"'],
    ['jsonb', "'[]'"],
    ['double precision', '1e300'],
    ['text', '5'],
  ])('is taken where it fits: %s, %s', (type, value) => {
    expect(problemsOf(`columns: {a: {type: "${type}", default: ${value}}}`)).toEqual([]);
  });
});
