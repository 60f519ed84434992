import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NumberStyle } from '../../lib/transform/infer/number-text.ts';
import { compare, kinds, useDuckDb } from './support/proof.ts';

useDuckDb();

const styles: readonly NumberStyle[] = [{ decimal: '.' }, { decimal: ',', thousands: '.' }];

const value = fc.oneof(
  fc.constantFrom(...kinds.flat(), null),
  fc.integer().map(String),
  fc.float({ noNaN: true }).map(String),
  fc.string({ maxLength: 6 }).filter((text) => !text.includes('\0')),
);
/** Mostly values of one kind, so that types other than text come about. */
const column = fc.constantFrom(...kinds).chain((kind) =>
  fc.array(fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...kind) }, { weight: 1, arbitrary: value }), {
    minLength: 1,
    maxLength: 4,
  }),
);

test('what every row has proven is the type that all rows together have', async () => {
  let proven = 0;
  await fc.assert(
    fc.asyncProperty(
      column,
      column,
      fc.constantFrom(...styles),
      fc.constantFrom(undefined, '%d/%m/%Y'),
      async (first, others, numbers, dateFormat) => {
        for (const rest of [others, first.toReversed()]) {
          const outcome = await compare({ first, others: rest, numbers, dateFormat });
          if (!outcome.proven) continue;
          proven += 1;
          expect(outcome.first).toEqual(outcome.all);
        }
      },
    ),
    { numRuns: 100, seed: 11 },
  );
  expect(proven).toBeGreaterThan(60);
});
