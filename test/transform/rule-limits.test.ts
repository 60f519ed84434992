import { describe, expect, it } from 'vitest';
import type { Rule } from '../../lib/config/business-rule.ts';
import { checkExpressions } from '../../lib/transform/rules/check-expressions.ts';
import { runTransform, withoutService } from './support/stage.ts';

const check = (condition: string): Promise<void> =>
  checkExpressions({ name: 'p', business_rules: [{ type: 'filter', condition }] });

const nested = (depth: number, open: string, inner: string, close: string): string =>
  `${open.repeat(depth)}${inner}${close.repeat(depth)}`;

describe('an expression that could only be large is refused without data, in no time', () => {
  it.each<[string, RegExp]>([
    ["repeat(a, 2000000000) = ''", /repeat\(…, 2,000,000,000\) is larger than the 65,536 that a rule may make/],
    ["repeat(a, 20000000000000000000000) = ''", /repeat\(…, ∞\) is larger/],
    ["lpad(a, 900000000, 'x') = ''", /lpad\(…, 900,000,000\) is larger/],
    ["rpad(a, 65537, 'x') = ''", /rpad\(…, 65,537\) is larger/],
    ["printf('%900000000d', b) = ''", /the pattern of printf may widen values to 1000 characters at most/],
    ["printf('%*d', b, c) = ''", /the pattern of printf may widen/],
    ["format('{:{}}', b, c) = ''", /the pattern of format may widen/],
    ["format('{:99999}', b) = ''", /the pattern of format may widen/],
    ["printf(a, b) = ''", /the pattern of printf has to be a text in single quotes/],
    [`${nested(201, 'lower(', 'a', ')')} = ''`, /it is nested more than 200 deep/],
    [`1${'/(1'.repeat(30)}${')'.repeat(30)} = 1`, /it becomes too large/],
    [`a = '${'x'.repeat(100_000)}'`, /it has 100,\d+ characters; a rule may have 100,000/],
  ])('$0', async (condition, message) => {
    const began = performance.now();
    await expect(check(condition)).rejects.toThrow(message);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it.each([
    "repeat(a, 10) = ''",
    "lpad(a, 8, '0') = '00000001'",
    "printf('%08.2f', b) = '' or format('{:>10}', a) = '' or format('{{}} {}', a) = ''",
    'levenshtein(a, b) < 3',
    `a in (${Array.from({ length: 5_000 }, (_, index) => index).join(', ')})`,
    `${nested(150, 'lower(', 'a', ')')} = ''`,
    `${'a + '.repeat(100)}a = 1`,
  ])('and one of ordinary size is not: $0', async (condition) => {
    await expect(check(condition)).resolves.toBeUndefined();
  });
});

describe('a row for which a function would make too much is rejected, and the others are computed', () => {
  const long = 'x'.repeat(60_000);
  const rows = (content: string, logic: string, settings = {}) =>
    runTransform(
      { format: 'csv', content },
      { ...settings, business_rules: [{ type: 'enrich', new_column: 'made', logic }] },
    );

  it.each([
    ['repeat(text, n)', 'ab', 2, 'abab', 'ab', 2_000_000_000],
    ['repeat(text, n)', 'ab', 2, 'abab', long, 2],
    ['repeat(text, n * 1000)', 'a', 0, '', 'ab', 33],
    ["lpad(text, n::integer, '-')", 'ab', 4, '--ab', 'ab', 900_000_000],
    ["levenshtein(text, 'abd')::text", 'abc', 1, '1', 'x'.repeat(1_500_000), 1],
    ['levenshtein(text, repeat(text, 1))::text', 'abc', 1, '0', long, 1],
    ['jaro_similarity(text, text)::text', 'abc', 1, '1.0', long, 1],
    ["replace(text, 'x', text)", 'xy', 1, 'xyy', long, 1],
    ["regexp_replace(text, 'x', text, 'g')", 'xy', 1, 'xyy', long, 1],
  ])('%s', async (logic, text, n, made, largeText, largeN) => {
    const { manifest, rows: clean } = await rows(`id,text,n\n1,${text},${n}\n2,${largeText},${largeN}\n`, logic);
    expect(withoutService(clean).map((row) => row.made)).toEqual([made]);
    expect(manifest.counts.rows_rejected).toBe(1);
  });
});

describe('rules that take too long', () => {
  const slow: Rule = {
    type: 'filter',
    condition: 'levenshtein(text, reverse(text)) + levenshtein(text, upper(text)) > 0',
  };
  const content = `id,text\n${Array.from({ length: 12_000 }, (_, index) => `${index},${'abcdefghij'.repeat(20)}${index}\n`).join('')}`;

  it('are ended, and the slowest of them is named', async () => {
    const began = performance.now();
    const business_rules: Rule[] = [
      { type: 'enrich', new_column: 'short', logic: 'left(text, 3)' },
      slow,
      { type: 'transform', column: 'text', function: 'upper' },
    ];
    await expect(
      runTransform({ format: 'csv', content }, { business_rules, rule_timeout_seconds: 0.2 }),
    ).rejects.toMatchObject({
      code: 'rule_timeout',
      message: expect.stringMatching(
        /^Pipeline sample: the business rules were not computed within 0\.2 s; the slowest is rule 2 \(filter: levenshtein/,
      ),
    });
    expect(performance.now() - began).toBeLessThan(60_000);
  });
});
