import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineIndex } from '../../lib/transform/read/line-index.ts';

test('records that are taken out leave the others in their lines', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ gap: fc.nat(2), taken: fc.boolean() }), { maxLength: 40 }), (records) => {
      const index = new LineIndex();
      let line = 0;
      const lines = records.map(({ gap }, at) => {
        line += 1 + gap;
        index.add(at + 1, line);
        return line;
      });
      const left = index.without(records.flatMap(({ taken }, at) => (taken ? [at + 1] : [])));
      const expected = lines.filter((_, at) => records[at]?.taken === false);
      expect(expected.map((_, at) => left.lineOf(at + 1))).toEqual(expected);
    }),
  );
});
