import { describe, expect, test } from 'vitest';
import type { TransformSettings } from '../../lib/transform/request.ts';
import { expectSameInPieces } from './support/compare.ts';

/** Orders with objects that gain members, lists of any length, and records that cannot be shaped. */
const lines = Array.from({ length: 160 }, (_, i) => {
  const of = i % 19 === 18 ? i - 9 : i;
  if (of % 37 === 36) return `{"id":${of},"who":{"name":"a","name":"b"},"lines":[${of}]}`;
  if (of % 31 === 30) return `{"id":${of},"lines":{"sku":"no list"},"who":{"name":"n${of}"}}`;
  if (of % 29 === 28) return 'no json';
  const elements = Array.from({ length: of % 5 }, (_, n) => ({
    sku: `s${(of + n) % 7}`,
    qty: of > 140 && n === 2 ? 'many' : of + n / 2,
    ...(of > 90 ? { late: { deep: { er: n } } } : {}),
  }));
  return JSON.stringify({
    id: of,
    who: of % 7 === 6 ? `text ${of}` : { name: `n${of % 20}`, ...(of > 60 ? { city: `c${of}`, a: { b: of } } : {}) },
    ...(of % 11 === 0 ? {} : { lines: elements }),
    box: { inner: { tags: Array.from({ length: of % 3 }, (_, n) => (n === 1 ? null : of)) } },
  });
});
const input = { format: 'ndjson', content: lines.join('\n') } as const;
const cut = { partBytes: 2_500, bucketBytes: 5_000 };

const shapes: Readonly<Record<string, Partial<TransformSettings>>> = {
  'objects of one level': { flatten: 1 },
  'objects of every level': { flatten: 5, deduplicate: true },
  'elements of a list': { explode: 'lines', deduplicate: true },
  'elements and their objects': { explode: 'lines', flatten: 3, deduplicate: true },
  'elements of a list within objects': { explode: { path: 'box.inner.tags', on_empty: 'filter' }, deduplicate: true },
  'elements of records with a key': {
    explode: { path: 'lines', on_empty: 'filter' },
    flatten: 1,
    load_mode: 'upsert',
    key_columns: ['id', 'lines.sku'],
    deduplicate: true,
    business_rules: [{ type: 'filter', condition: 'id % 5 > 0' }],
  },
  'elements that are inserted with a key': { explode: 'lines', flatten: 1, key_columns: ['id'], deduplicate: true },
  'columns that are chosen and declared': {
    explode: 'lines',
    flatten: 2,
    exclude: ['who', 'box'],
    columns: { lines_qty: 'bigint', lines_sku: { type: 'text', default: 'none' } },
    deduplicate: true,
  },
};

describe('the shape of a source in pieces is that of the whole', { timeout: 120_000 }, () => {
  for (const [name, settings] of Object.entries(shapes)) {
    test(name, async () => {
      const { manifest } = await expectSameInPieces(input, { ...cut, settings });
      expect(manifest.counts.rows_clean).toBeGreaterThan(80);
      if (settings.deduplicate === true) expect(manifest.counts.rows_deduplicated).toBeGreaterThan(0);
      expect(manifest.counts.rows_rejected).toBeGreaterThan(0);
      expect(manifest.exploded === undefined).toBe(settings.explode === undefined);
    });
  }

  test('what cannot be shaped is refused with the same words', async () => {
    const refused = (settings: Partial<TransformSettings>) => expectSameInPieces(input, { ...cut, settings });
    await expect(refused({ explode: 'line' })).rejects.toThrow('Did you mean lines?');
    await expect(refused({ explode: 'who.lines' })).rejects.toThrow('who.lines');
    const csv = { format: 'csv', content: `id,lines\n${'1,2\n'.repeat(900)}` } as const;
    await expect(expectSameInPieces(csv, { ...cut, settings: { flatten: 1 } })).rejects.toThrow('delimited text');
  });
});
