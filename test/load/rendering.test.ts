import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arrayLiteral } from '../../lib/dsql/array-literal.ts';
import { joinArrays } from '../../lib/load/rendering.ts';

test('array literals of the pieces of a batch make the literal of all their elements', () => {
  const piece = fc.array(fc.string(), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), (pieces) => {
      const parts = pieces.map((texts) => ({ form: 'arrays' as const, arrays: [arrayLiteral(texts), '{1}'] }));
      const ones = pieces.map(() => '1').join(',');
      expect(joinArrays(parts).arrays).toEqual([arrayLiteral(pieces.flat()), `{${ones}}`]);
    }),
  );
});
