import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Rule } from '../../lib/config/business-rule.ts';
import { openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { checkExpressions } from '../../lib/transform/rules/check-expressions.ts';
import { compileExpression } from '../../lib/transform/rules/compile-expression.ts';
import { checkRules } from '../../lib/transform/rules/compile-rules.ts';
import { ExpressionProblem } from '../../lib/transform/rules/expression-tree.ts';
import { runTransform, typesOf, withoutService } from './support/stage.ts';

const people = [
  'id,first name,Last_Name,status,amount,qty,born,note',
  '1,Ada,Byron,active,10.50,3,1815-12-10,',
  "2,Bo,O'Neil,inactive,-2.25,0,2000-01-01,x",
  '3,花子,山田,active,0.00,7,1999-06-15,Y',
].join('\n');

async function run(...business_rules: Rule[]) {
  const outcome = await runTransform({ format: 'csv', content: `${people}\n` }, { business_rules });
  return { ...outcome, rows: withoutService(outcome.rows) };
}
const kept = async (condition: string) => (await run({ type: 'filter', condition })).rows.map((row) => Number(row.id));
const refused = async (condition: string) => {
  try {
    await run({ type: 'filter', condition });
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
};

const conditions: readonly (readonly [string, readonly number[]])[] = [
  ["status == 'active'", [1, 3]],
  ["status = 'active' and qty > 3", [3]],
  ["(status == 'active') & (qty > 3) | (id == 2)", [2, 3]],
  ["~(status == 'active')", [2]],
  ["status != 'active' or \"first name\" like 'A%'", [1, 2]],
  ["status in ('active', 'x') and id not in (3)", [1]],
  ["status in ['inactive']", [2]],
  ['qty between 3 and 7', [1, 3]],
  ["born is not null and born >= date '1900-01-01'", [2, 3]],
  ['case when qty = 0 then true else amount > 5 end', [1, 2]],
  ["last_name = '山田' or LAST_NAME == 'Byron' -- either spelling", [1, 3]],
  ["nullif(note, '') is null", [1]],
  ['cast(qty as double) / 2 > 1.4 and True', [1, 3]],
  ['year(born) % 5 = 0 and extract(month from born) = 12', [1]],
];

test('conditions are true for the rows that they mean', async () => {
  const rules = conditions.map(([logic], index) => ({ type: 'enrich', new_column: `true_${index}`, logic }) as const);
  const { rows } = await run(...rules);
  for (const [index, [condition, ids]] of conditions.entries()) {
    const found = rows.filter((row) => row[`true_${index}`] === true).map((row) => Number(row.id));
    expect([condition, found]).toEqual([condition, ids]);
  }
});

test.each(conditions.slice(2, 4))('as a filter, %s keeps %j', async (condition, ids) => {
  expect(await kept(condition)).toEqual(ids);
});

const aboutNumbers: readonly Rule[] = [
  { type: 'expect', condition: 'qty > 3', on_failure: 'fail' },
  { type: 'filter', condition: 'year(born) > 1999' },
  { type: 'filter', condition: 'paid' },
];
const makingColumns: readonly Rule[] = [{ type: 'enrich', new_column: 'total', logic: 'qty * amount' }];

test('rules about numbers, times and booleans do not fail where a source has no row', async () => {
  for (const rule of [...aboutNumbers, ...makingColumns]) {
    const content = 'id,qty,born,amount,paid\n';
    const { manifest } = await runTransform({ format: 'csv', content }, { business_rules: [rule] });
    expect([rule, manifest.counts.rows_read]).toEqual([rule, 0]);
  }
});

test('a column without a value is NULL to a condition that no text goes with', async () => {
  const content = 'id,qty,born,amount,paid\n1,,,,\n2, ,,,\n';
  for (const rule of aboutNumbers.slice(1)) {
    const { manifest } = await runTransform({ format: 'csv', content }, { business_rules: [rule] });
    expect([rule, manifest.counts]).toMatchObject([rule, { rows_read: 2, rows_filtered: 2 }]);
  }
  const either: Rule = { type: 'filter', condition: "trim(qty) = ''" };
  const { manifest } = await runTransform({ format: 'csv', content }, { business_rules: [either] });
  expect(manifest.counts.rows_clean).toBe(2);
});

test('a rule that makes a column of rows has to go with what they are', async () => {
  for (const rule of makingColumns) {
    const content = 'id,qty,amount\n1,,\n';
    await expect(runTransform({ format: 'csv', content }, { business_rules: [rule] })).rejects.toMatchObject({
      code: 'bad_rule',
    });
  }
});

test('a row for which a condition is NULL is filtered, not kept', async () => {
  const { manifest } = await runTransform(
    { format: 'csv', content: 'id,n\n1,5\n2,\n' },
    { business_rules: [{ type: 'filter', condition: 'n > 1' }] },
  );
  expect(manifest.counts).toMatchObject({ rows_filtered: 1, rows_clean: 1, rows_rejected: 0 });
});

test('enrichments get the type of their expression and are named by the rule of names', async () => {
  const { manifest, rows } = await run(
    { type: 'enrich', new_column: 'Full Name', logic: '"first name" + \' \' + last_name' },
    { type: 'enrich', new_column: 'total', logic: 'amount * qty' },
    { type: 'enrich', new_column: 'greeting', logic: "'Hi ' + full_name + '!'" },
    { type: 'enrich', new_column: 'big', logic: 'qty > 2' },
    { type: 'enrich', new_column: 'note', logic: 'upper(note)' },
    { type: 'enrich', new_column: 'next', logic: 'born + interval 1 day' },
    { type: 'enrich', new_column: 'parts', logic: "string_split(last_name, 'y')" },
  );
  expect(typesOf(manifest)).toEqual({
    id: 'bigint',
    first_name: 'text',
    last_name: 'text',
    status: 'text',
    amount: 'numeric(38,2)',
    qty: 'bigint',
    born: 'date',
    note: 'text',
    full_name: 'text',
    total: 'numeric(38,2)',
    greeting: 'text',
    big: 'boolean',
    next: 'timestamp',
    parts: 'jsonb',
  });
  expect(rows[0]).toMatchObject({
    full_name: 'Ada Byron',
    total: '31.50',
    greeting: 'Hi Ada Byron!',
    big: true,
    note: '',
    next: '1815-12-11 00:00:00',
    parts: '["B","ron"]',
  });
});

test('constants keep their digits', async () => {
  const { rows } = await run(
    { type: 'enrich', new_column: 'sum', logic: '9007199254740993 + 0' },
    { type: 'enrich', new_column: 'long', logic: '12345678901234567890123' },
    { type: 'enrich', new_column: 'decimal', logic: '1.10' },
    { type: 'enrich', new_column: 'quoted', logic: "'it''s \"value\":12345678901234567890'" },
  );
  expect(rows[0]).toMatchObject({
    sum: '9007199254740993',
    long: '12345678901234567890123',
    decimal: '1.10',
    quoted: 'it\'s "value":12345678901234567890',
  });
});

test('a row for which a rule cannot be computed is rejected, and names the rule', async () => {
  for (const logic of [
    'amount / qty',
    'qty // qty',
    'qty % qty',
    '9223372036854775807 + 1 - qty',
    'cast(status as integer)',
    "strptime(status, '%Y')",
  ]) {
    const { manifest, rejected } = await run({ type: 'enrich', new_column: 'made', logic });
    const expected = logic.startsWith('9') ? 0 : logic.includes('status') ? 3 : 1;
    if (expected > 0) {
      expect([logic, rejected.length]).toEqual([logic, expected]);
      expect(rejected[0]?.reason).toContain('business rule 1 (enrich: ');
      expect(rejected[0]?.column_name).toBe('made');
    }
    expect(manifest.counts.rows_clean + rejected.length).toBe(3);
  }
  const filter = await run({ type: 'filter', condition: '10 / qty > 1' });
  expect(filter.rejected.map((row) => row.row_number)).toEqual([3]);
  expect(filter.rows.map((row) => row.id)).toEqual(['1', '3']);
});

test('rules see what earlier rules made, in order', async () => {
  const { rows, manifest } = await run(
    { type: 'transform', column: 'status', function: 'upper' },
    { type: 'filter', condition: "status == 'ACTIVE'" },
    { type: 'enrich', new_column: 'id', logic: 'id * 10' },
    { type: 'filter', condition: 'id > 10' },
  );
  expect(rows.map((row) => [row.id, row.status])).toEqual([['30', 'ACTIVE']]);
  expect(manifest.counts).toMatchObject({ rows_filtered: 2, rows_clean: 1 });
  expect(manifest.columns.map((column) => column.name).slice(0, 3)).toEqual(['uuid_id', 'id', 'first_name']);
});

test('the methods of a pandas Series do what their names say, and leave missing values missing', async () => {
  const texts = ['  Ab ', 'straße', "o'neil's CAT", 'Éa1b', ''];
  const expected: Readonly<Record<string, readonly unknown[]>> = {
    lower: ['  ab ', 'straße', "o'neil's cat", 'éa1b', null],
    upper: ['  AB ', 'STRASSE', "O'NEIL'S CAT", 'ÉA1B', null],
    title: ['  Ab ', 'Straße', "O'Neil'S Cat", 'Éa1B', null],
    capitalize: ['  ab ', 'Straße', "O'neil's cat", 'Éa1b', null],
    swapcase: ['  aB ', 'STRASSE', "O'NEIL'S cat", 'éA1B', null],
    casefold: ['  ab ', 'strasse', "o'neil's cat", 'éa1b', null],
    strip: ['Ab', 'straße', "o'neil's CAT", 'Éa1b', null],
    lstrip: ['Ab ', 'straße', "o'neil's CAT", 'Éa1b', null],
    rstrip: ['  Ab', 'straße', "o'neil's CAT", 'Éa1b', null],
    len: ['5', '6', '12', '4', null],
    isna: [false, false, false, false, true],
    notnull: [true, true, true, true, false],
  };
  const columnsOf = (values: readonly unknown[], names: readonly string[]) => ({
    format: 'ndjson' as const,
    content: values
      .map((value, i) => JSON.stringify({ i, ...Object.fromEntries(names.map((name) => [`of_${name}`, value])) }))
      .join('\n'),
  });
  const check = async (values: readonly unknown[], methods: Readonly<Record<string, readonly unknown[]>>) => {
    const names = Object.keys(methods);
    const business_rules = names.map((name) => ({ type: 'transform', column: `of_${name}`, function: name }) as Rule);
    const { rows } = await runTransform(columnsOf(values, names), { business_rules, blank_text: 'keep' });
    for (const [name, wanted] of Object.entries(methods)) {
      expect([name, rows.map((row) => row[`of_${name}`])]).toEqual([name, wanted]);
    }
  };
  await check(
    texts.map((text) => (text === '' ? null : text)),
    expected,
  );
  await check([2.5, 3.5, -2.5, -1.2, null], {
    round: ['2', '4', '-2', '-1', null],
    ceil: ['3', '4', '-2', '-1', null],
    floor: ['2', '3', '-3', '-2', null],
    abs: ['2.5', '3.5', '2.5', '1.2', null],
  });
});

test('a wrong rule is an error that names pipeline, rule, place and what may have been meant', async () => {
  expect(await refused("statuss == 'active'")).toBe(
    "Pipeline sample, business rule 1 (filter): there is no column statuss. Did you mean status? (A text stands in single quotes: 'statuss'.)\n  statuss == 'active'\n  ^ column 1",
  );
  expect(await refused('status == "active"')).toMatch(/A text stands in single quotes: 'active'/);
  expect(await refused('status == = 1')).toMatch(
    /== lacks what stands to its right\n {2}status == = 1\n {9}\^ column 8/,
  );
  expect(await refused('qty = None')).toMatch(/None is NULL in SQL/);
  expect(await refused('`first name` = 1')).toMatch(/double quotes/);
  expect(await refused('status + qty = 1')).toMatch(/\+ stands between a text and a bigint/);
  expect(await refused('qty + 1')).toMatch(/the condition is a bigint, not true or false/);
  expect(await refused('lower(qty, 1) = 1')).toMatch(/lower/);
  expect(await refused('qty < 1e400')).toMatch(/a number that is too large for double precision/);
  expect(await refused('1 = 1); drop table x; select (1')).toMatch(/more than one expression/);
  await expect(run({ type: 'transform', column: 'qty', function: 'lower' })).rejects.toThrow(
    /lower is not for qty, which is a bigint/,
  );
  await expect(run({ type: 'transform', column: 'nope', function: 'lower' })).rejects.toThrow(
    /there is no column nope/,
  );
  await expect(run({ type: 'enrich', new_column: 'created_at', logic: '1' })).rejects.toThrow(/belongs to the service/);
});

test('nothing but functions of one row gets through', async () => {
  const attempts = [
    '(select 1) = 1',
    'exists (select 1)',
    'id in (select 1)',
    'id = any(select 1)',
    'count(*) over () > 0',
    'sum(qty) > 0',
    'random() > 0.5',
    'now() > born',
    'current_date > born',
    "read_text('/etc/passwd') = ''",
    "getenv('HOME') = ''",
    "current_setting('memory_limit') = ''",
    "nextval('s') > 0",
    "query('select 1') = 1",
    'COLUMNS(*) > 0',
    '* > 0',
    '$1 = 1',
    "status collate nocase = 'a'",
    "pg_catalog.lower(status) = 'a'",
    "system.main.lower(status) = 'a'",
    'unnest([1, 2]) = 1',
    'list_transform([1], x -> x + 1) = [2]',
    'row(1, 2) = row(1, 2)',
    "status::blob = 'a'::blob",
    'id = 1 limit 1',
    'id from x',
    'true) or (select true',
    "version() = '1'",
    "error('x') = 1",
    'sleep_ms(10) = 1',
    "write_log('x') = 1",
    "getvariable('x') = 1",
    "in_search_path('a', 'b')",
    "pg_typeof(status) = '1'",
    'txid_current() = 1',
  ];
  const folder = mkdtempSync(path.join(tmpdir(), 'rules-'));
  const session = await openDuckDb({ allowedDirs: [], tempDir: folder, threads: 1 });
  const columns = ['id BIGINT', 'status VARCHAR', 'qty BIGINT', 'born DATE'].map((column, index) => {
    const [name = '', duckType = ''] = column.split(' ');
    return { id: `c${index}`, name, duckType };
  });
  try {
    for (const attempt of attempts) {
      const rule = { type: 'filter', condition: attempt } as const;
      const compiled = await compileExpression(session, attempt, columns).catch((error: unknown) => error);
      expect([attempt, compiled]).toEqual([attempt, expect.any(ExpressionProblem)]);
      await expect(checkRules(session, 'sample', [rule])).rejects.toThrow(
        /^Pipeline sample, business rule 1 \(filter\): /,
      );
    }
  } finally {
    session.close();
    rmSync(folder, { recursive: true });
  }
  expect(await refused('(select 1) = 1')).toMatch(/^Pipeline sample, business rule 1 \(filter\): /);
});

test('rules are checked without data: syntax and what they may use', async () => {
  const check = (condition: string) => checkExpressions({ name: 'p', business_rules: [{ type: 'filter', condition }] });
  await expect(check("any_column == 'x' and other + 1 > lower(third)")).resolves.toBeUndefined();
  await expect(check('a and')).rejects.toThrow(
    /Pipeline p, business rule 1 \(filter\): the expression breaks off\n {2}a and/,
  );
  await expect(check('random() > 1')).rejects.toThrow(/random/);
  await expect(check('frobnicate(a)')).rejects.toThrow(/no function frobnicate/);
});

test('any text as an expression is either computed or refused with a BadRuleError', async () => {
  const token = fc.constantFrom(
    'status',
    'qty',
    'amount',
    'born',
    "'x'",
    '1',
    '2.5',
    '+',
    '-',
    '*',
    '/',
    '==',
    '=',
    '<',
    '(',
    ')',
    'and',
    'or',
    'not',
    'is null',
    'in',
    ',',
    'case when',
    'then',
    'else',
    'end',
    'like',
    'between',
    'null',
    'lower',
    '::',
    'integer',
    'text',
    '[',
    ']',
    '->',
    ';',
    '--',
    '||',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(token, { minLength: 1, maxLength: 9 }), async (tokens) => {
      const logic = tokens.join(' ');
      try {
        const { manifest } = await run({ type: 'enrich', new_column: 'made', logic });
        expect(manifest.counts.rows_clean + manifest.counts.rows_rejected).toBe(3);
      } catch (error) {
        expect([logic, (error as Error).name]).toEqual([logic, 'BadRuleError']);
      }
    }),
    { numRuns: 12 },
  );
});
