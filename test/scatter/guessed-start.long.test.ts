import { expect, test } from 'vitest';
import { transformScattered } from '../../lib/scatter/transform-scattered.ts';
import { runTransform, runTransformBy } from '../transform/support/stage.ts';

test('a piece that begins within a quoted text of lines like records is read again from where it begins', async () => {
  const lines = Array.from({ length: 60 }, (_, i) => `${i},within,${i}`).join('\n');
  const rows = Array.from({ length: 40 }, (_, i) => `${i},"${i % 10 === 3 ? lines : 'short'}",${i}\n`);
  const input = { format: 'csv', content: `id,text,n\n${rows.join('')}` } as const;
  const keys: string[] = [];
  const pieces = await runTransformBy(async (request) => {
    const put: typeof request.store.put = async (key, body) => {
      keys.push(key);
      await request.store.put(key, body);
    };
    return await transformScattered(
      { ...request, store: { ...request.store, put } },
      { partBytes: 700, bucketBytes: 1e9 },
    );
  }, input);
  expect(keys.filter((key) => key.includes('-from-')).length).toBeGreaterThan(0);
  expect(pieces.rows).toEqual((await runTransform(input)).rows);
});
