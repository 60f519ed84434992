import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundaryKey } from '../../lib/extract/incremental/boundary.ts';
import { type CursorKind, cursorValueOf } from '../../lib/extract/incremental/cursor-value.ts';
import { advance, type NewRow, type Progress } from '../../lib/extract/incremental/progress.ts';

const kind: CursorKind = { type: 'number', format: undefined, zone: 'UTC' };
const none: Progress = { held: [], already_loaded: 0 };

const row = fc.record({ value: fc.integer({ min: 0, max: 5 }), key: fc.string(), ahead: fc.boolean() });

describe('how far a source has been read', () => {
  it('is the same however its rows are divided', () => {
    fc.assert(
      fc.property(fc.array(row), fc.nat({ max: 20 }), fc.boolean(), (rows, at, keyed) => {
        const all = rows.flatMap(({ ahead, key, value }): NewRow[] => {
          const found = cursorValueOf(String(value), kind, false);
          return found === undefined ? [] : [{ value: found, key: keyed ? boundaryKey(key) : undefined, ahead }];
        });
        expect(all).toHaveLength(rows.length);
        const folded = advance(advance(none, all.slice(0, at), kind), all.slice(at), kind);
        expect(folded).toEqual(advance(none, all, kind));
      }),
    );
  });
});
