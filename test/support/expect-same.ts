import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';

/** `toEqual` for tens of thousands of values: the plain comparison takes a fraction of the time, the other one tells the difference. */
export function expectSame(found: unknown, expected: unknown, what?: string): void {
  if (!isDeepStrictEqual(found, expected)) expect(found, what).toEqual(expected);
}
