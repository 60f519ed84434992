import { expect, test } from 'vitest';
import { compare, kinds, useDuckDb } from './support/proof.ts';

useDuckDb();

test('each value behind each other of its kind, and what the type holds as it stands is not refused', async () => {
  for (const kind of kinds) {
    for (const [a, b] of kind.flatMap((one) => kind.map((other) => [one, other] as const))) {
      const given = { first: [a], others: [b], numbers: { decimal: '.' }, dateFormat: undefined };
      const { all, first, proven } = await compare(given);
      const same = JSON.stringify(first) === JSON.stringify(all);
      // Nothing tells a type where the first rows have no value, or no number but NaN.
      const tells = a.trim() !== '' && !/nan|inf/i.test(a);
      expect({ a, b, proven }).toEqual({ a, b, proven: same && (proven || tells) });
    }
  }
});
