import { describe, expect, it } from 'vitest';
import { jsonRows } from '../../lib/dsql/json-rows.ts';

const answer = (columns: readonly (readonly [name: string, type: number])[], ...rows: readonly unknown[][]): string =>
  jsonRows(Object.assign(rows, { columns: columns.map(([name, type]) => ({ name, type })) }));

describe('rows as JSON', () => {
  it('keep two columns of the same name apart', () => {
    const text = answer(
      [
        ['count', 20],
        ['count', 20],
        ['n', 23],
      ],
      ['10', '8', '1'],
    );
    expect(JSON.parse(text)).toEqual([{ count: '10', count_2: '8', n: 1 }]);
  });

  it('are exact: big numbers as strings, JSON as it is, timestamps as ISO 8601', () => {
    const text = answer(
      [
        ['big', 20],
        ['numeric', 1700],
        ['json', 3802],
        ['at', 1184],
        ['local', 1114],
        ['real', 701],
        ['none', 25],
        ['yes', 16],
      ],
      [
        '9223372036854775807',
        '1.10',
        '{"n": 1.10}',
        '2025-01-02 03:04:05.123456+00',
        '2025-01-02 03:04:05',
        'NaN',
        null,
        true,
      ],
    );
    expect(text).toBe(
      '[\n{"big":"9223372036854775807","numeric":"1.10","json":{"n": 1.10},"at":"2025-01-02T03:04:05.123456Z","local":"2025-01-02T03:04:05","real":"NaN","none":null,"yes":true}\n]',
    );
  });

  it('that are none are an empty array', () => {
    expect(answer([['a', 25]])).toBe('[]');
  });
});
