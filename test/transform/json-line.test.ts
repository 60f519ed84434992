import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { exactLine } from '../../lib/transform/read/json-line.ts';

const number = fc.oneof(
  fc.constantFrom(
    '2.50',
    '1.00',
    '-0',
    '0.0000001',
    '1e5',
    '12345678901234567.25',
    '7',
    '-1.5',
    '100',
    '0',
    '9007199254740993',
  ),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value.toFixed(3)),
);
/** Texts that look like members with numbers, and names that end in what stands before a value. */
const text = fc
  .oneof(
    fc.constantFrom(
      '',
      ':',
      'a,',
      '[',
      ': 2.50, ',
      'x": 2.50',
      '\\',
      '\\": 1.00',
      ' -0}',
      'price',
      '2.50',
      '{"a": 2.50}',
    ),
    fc.string({ maxLength: 8 }).filter((value) => !value.includes('\0')),
  )
  .map((value) => JSON.stringify(value));
const blank = fc.constantFrom('', ' ');
const { value } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, number, text, fc.constantFrom('null', 'true'), tie('array'), tie('object')),
  array: fc.array(tie('value'), { maxLength: 3 }).map((values) => `[${values.join(',')}]`),
  object: fc
    .array(fc.tuple(text, blank, blank, tie('value'), blank), { maxLength: 4 })
    .map((members) => `{${members.map(([name, a, b, held, c]) => `${name}${a}:${b}${held}${c}`).join(', ')}}`),
}));

const token = /"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*/g;

it('marks every number that would be written otherwise, and nothing in a text', async () => {
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect();
  const statement = await duckdb.prepare(`SELECT ${exactLine('line')} FROM (SELECT $1::VARCHAR AS line)`);
  await fc.assert(
    fc.asyncProperty(fc.tuple(text, value), async ([name, held]) => {
      const line = `{${name}: ${held}}`;
      statement.bindVarchar(1, line);
      const marked = String((await statement.runAndReadAll()).getRows()[0]?.[0]);
      expect(marked.replace(/"\\u0000([^"]*)"/g, '$1')).toBe(line);
      const plain = (marked.match(token) ?? []).filter((one) => !one.startsWith('"'));
      expect(plain.filter((one) => String(Number(one)) !== one && !/^-?[0-9]+$/.test(one.replace(/^-0$/, '')))).toEqual(
        [],
      );
    }),
    { numRuns: 2_000 },
  );
  duckdb.closeSync();
}, 60_000);
