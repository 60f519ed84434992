import { expect, it } from 'vitest';
import { grouped } from '../lib/grouped.ts';

it('writes whole numbers as toLocaleString does', () => {
  for (const value of [0, 7, 999, 1_000, 12_345, 999_999, 1_000_000, -1_234_567, 123_456_789_012]) {
    expect(grouped(value)).toBe(value.toLocaleString('en'));
  }
  expect(grouped(12_345_678_901_234_567_890n)).toBe('12,345,678,901,234,567,890');
});
