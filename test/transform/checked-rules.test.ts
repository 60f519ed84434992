import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Rule } from '../../lib/config/business-rule.ts';
import type { TransformRequest } from '../../lib/transform/request.ts';
import { type Input, runTransform, typesOf, withoutService } from './support/stage.ts';

const people: Input = {
  format: 'csv',
  content: [
    'id,name,email,amount,born',
    '1,Ada,ada@example.com,10.50,10/12/1815',
    '2,Bo,,-2.25,01/01/2000',
    '3,Cy,cy@example.com,,soon',
    '4,Di,0123456789,0,31/12/1999',
    '',
  ].join('\n'),
};

async function run(business_rules: Rule[], more: Partial<TransformRequest> = {}, input = people) {
  const outcome = await runTransform(input, { business_rules }, more);
  return { ...outcome, rows: withoutService(outcome.rows) };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('expect', () => {
  it('rejects rows of which its condition is not true, and counts them with the rule', async () => {
    const { manifest, rejected, rows } = await run([
      { type: 'expect', condition: 'amount >= 0', name: 'amounts are paid', on_failure: 'reject' },
      { type: 'filter', condition: 'id <> 4' },
    ]);
    expect(rows.map(({ id }) => id)).toEqual(['1']);
    expect(rejected.map(({ column_name, reason, row_number }) => [row_number, column_name, reason])).toEqual([
      [3, null, 'does not meet amounts are paid'],
      [4, null, 'does not meet amounts are paid'],
    ]);
    expect(manifest.rules).toEqual([
      { number: 1, type: 'expect', text: 'amounts are paid: amount >= 0', rows_filtered: 0, rows_rejected: 2 },
      { number: 2, type: 'filter', text: 'id <> 4', rows_filtered: 1, rows_rejected: 0 },
    ]);
    expect(manifest.counts).toMatchObject({ rows_read: 4, rows_filtered: 1, rows_rejected: 2, rows_clean: 1 });
  });

  it('fails the run with the number of rows and the first place where on_failure says so', async () => {
    const rule: Rule = { type: 'expect', condition: 'amount is null or amount >= 0', on_failure: 'fail' };
    await expect(run([rule])).rejects.toMatchObject({
      code: 'rule_failed',
      message:
        'Pipeline sample, business rule 1: of 1 row (first: input-0, row 3): does not meet amount is null or amount >= 0. on_failure is fail, so nothing was loaded. Mend the source, or let the rule reject such rows.',
    });
    await expect(run([{ ...rule, condition: '1 / (id - 4) < 5' }])).rejects.toMatchObject({ code: 'rule_failed' });
    expect((await run([{ ...rule, condition: 'id > 0' }])).rows).toHaveLength(4);
  });

  it('is told, and the rows are looked at on, where somebody wants to know', async () => {
    const told: string[] = [];
    const { rows } = await run([{ type: 'expect', condition: 'id > 1', on_failure: 'fail' }], {
      onRefusal: ({ code }) => void told.push(code),
    });
    expect(told).toEqual(['rule_failed']);
    expect(rows).toHaveLength(3);
  });

  it('names the place of what is wrong in its condition', async () => {
    await expect(run([{ type: 'expect', condition: 'amont > 0', name: 'x', on_failure: 'reject' }])).rejects.toThrow(
      /business rule 1 \(expect\): there is no column amont\. Did you mean amount\?.*\n {2}amont > 0\n {2}\^ column 1/,
    );
  });
});

describe('mask', () => {
  it.each([
    ['hash', undefined, ['ada@example.com', 'cy@example.com', '0123456789'].map((text) => `sha256:${sha256(text)}`)],
    [
      'hash',
      { env: 'KEY' },
      ['ada@example.com', 'cy@example.com', '0123456789'].map(
        (text) => `hmac-sha256:${createHmac('sha256', 'kéy').update(text).digest('hex')}`,
      ),
    ],
    ['redact', undefined, ['[redacted]', '[redacted]', '[redacted]']],
    ['last4', undefined, ['****.com', '****.com', '****6789']],
  ] as const)('hides the values of a column by %s, %o', async (method, key, expected) => {
    const { manifest, rows } = await run([{ type: 'mask', column: 'email', method, key }], {
      maskKeys: new Map([[1, 'kéy']]),
    });
    expect(rows.map(({ email }) => email)).toEqual([expected[0], '', expected[1], expected[2]]);
    expect(typesOf(manifest).email).toBe('text');
    expect(JSON.stringify(manifest)).not.toMatch(/example\.com|0123456789/);
  });

  it('hides short values whole, and takes numbers as the table would print them', async () => {
    const { rows } = await run([
      { type: 'mask', column: 'name', method: 'last4' },
      { type: 'mask', column: 'amount', method: 'hash' },
    ]);
    expect(rows.map(({ name }) => name)).toEqual(['****', '****', '****', '****']);
    expect(rows.map(({ amount }) => amount)).toEqual([
      `sha256:${sha256('10.5')}`,
      `sha256:${sha256('-2.25')}`,
      null,
      `sha256:${sha256('0')}`,
    ]);
  });

  it('hides the values of rejected rows too, and leaves out what the configuration leaves out', async () => {
    const { rejected } = await runTransform(people, {
      exclude: ['born'],
      business_rules: [
        { type: 'mask', column: 'email', method: 'hash' },
        { type: 'expect', condition: 'id > 1', on_failure: 'reject' },
      ],
    });
    expect(rejected.map(({ row }) => row)).toEqual([
      { id: '1', name: 'Ada', email: `sha256:${sha256('ada@example.com')}`, amount: '10.50' },
    ]);
  });

  it('leaves what is masked already as it is', async () => {
    const masked = [`sha256:${sha256('x')}`, `hmac-sha256:${sha256('y')}`, '[redacted]', '****6789'];
    const content = `v\n${masked.join('\n')}\n`;
    for (const method of ['hash', 'redact', 'last4'] as const) {
      const { rows } = await run([{ type: 'mask', column: 'v', method }], {}, { format: 'csv', content });
      const kept = { hash: masked.slice(0, 2), redact: ['[redacted]'], last4: ['****6789'] }[method];
      expect(rows.map(({ v }) => v)).toEqual(expect.arrayContaining(kept));
    }
  });
});

describe('cast', () => {
  it('gives a column another type, and rejects rows whose value does not fit', async () => {
    const { manifest, rejected, rows } = await run([
      { type: 'cast', column: 'born', to: 'date', date_format: '%d/%m/%Y', on_failure: 'reject' },
      { type: 'cast', column: 'amount', to: 'numeric(50,3)', on_failure: 'reject' },
      { type: 'cast', column: 'name', to: 'varchar(3)', on_failure: 'reject' },
      { type: 'enrich', new_column: 'year', logic: 'year(born)' },
    ]);
    expect(typesOf(manifest)).toMatchObject({
      born: 'date',
      amount: 'numeric(50,3)',
      name: 'varchar(3)',
      year: 'bigint',
    });
    expect(rows.map(({ born, year }) => [born, year])).toEqual([
      ['1815-12-10', '1815'],
      ['2000-01-01', '2000'],
      ['1999-12-31', '1999'],
    ]);
    expect(rejected.map(({ column_name, reason }) => [column_name, reason])).toEqual([
      ['born', 'is not a date of the format %d/%m/%Y'],
    ]);
    expect(manifest.rules?.map(({ rows_rejected, text }) => [text, rows_rejected])).toEqual([
      ['born to date', 1],
      ['amount to numeric(50,3)', 0],
      ['name to varchar(3)', 0],
      ['year(born)', 0],
    ]);
  });

  it('leaves a row without a value, or fails the run, where on_failure says so', async () => {
    const cast = { type: 'cast', column: 'born', to: 'date', date_format: '%d/%m/%Y' } as const;
    for (const on_failure of ['null', null] as const) {
      const { rows } = await run([{ ...cast, on_failure }]);
      expect(rows.map(({ born }) => born)).toEqual(['1815-12-10', '2000-01-01', null, '1999-12-31']);
    }
    await expect(run([{ ...cast, on_failure: 'fail' }])).rejects.toThrow(
      /business rule 1: of 1 row \(first: input-0, row 4\): born is not a date of the format/,
    );
  });

  it('never rounds: what the type would not give back is no value of it', async () => {
    const { rejected } = await run([{ type: 'cast', column: 'amount', to: 'bigint', on_failure: 'reject' }]);
    expect(rejected.map(({ row_number }) => row_number)).toEqual([2, 3]);
  });

  it('names the nearest column where there is none of its name', async () => {
    await expect(run([{ type: 'cast', column: 'bron', to: 'date', on_failure: 'reject' }])).rejects.toThrow(
      'Pipeline sample, business rule 1 (cast): there is no column bron; did you mean born?',
    );
  });
});
