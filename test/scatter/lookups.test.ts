import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { scatterJob } from '../../lib/scatter/job.ts';
import type { ScatterSizes } from '../../lib/scatter/pieces.ts';
import { transformScattered } from '../../lib/scatter/transform-scattered.ts';
import type { LookupInput, TransformRequest } from '../../lib/transform/request.ts';
import { runTransformBy } from '../transform/support/stage.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'scatter-lookups-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A table that is written again and again: each reading finds a name of its own. */
function changingTable(): { readonly readings: () => number; readonly read: () => Promise<readonly LookupInput[]> } {
  let readings = 0;
  return {
    readings: () => readings,
    read: async () => {
      readings += 1;
      const file = path.join(folder, `lookup-${readings}.ndjson`);
      writeFileSync(file, `{"code":"x","name":"reading ${readings}"}\n`);
      const part = {
        location: file,
        local: true,
        source: 'names',
        format: 'ndjson' as const,
        bytes: statSync(file).size,
      };
      const raw = {
        complete: true,
        parts: [part],
        rejected: [],
        extracted_at: '2025-01-01T00:00:00.000Z',
        source_fingerprint: '',
        bytes_read: part.bytes,
      };
      return [{ number: 1, raw, parts: [{ ...part, path: file }], types: { code: 'text', name: 'text' } }];
    },
  };
}

const sizes: ScatterSizes = { partBytes: 2_000, bucketBytes: 4_000 };
const content = `id,code\n${Array.from({ length: 1_000 }, (_, i) => `${i},x\n`).join('')}`;
const settings = {
  business_rules: [
    {
      type: 'lookup' as const,
      from: { table: 'names' },
      on: { code: 'code' },
      take: { name: 'name' },
      on_miss: 'reject' as const,
    },
  ],
};

test('what is looked up is the same for all pieces, though it changes meanwhile', async () => {
  const table = changingTable();
  const { manifest, rows } = await runTransformBy(
    (request) => transformScattered(request, sizes),
    { format: 'csv', content },
    settings,
    { readLookups: table.read },
  );
  expect(manifest.counts.rows_clean).toBe(1_000);
  expect(new Set(rows.map(({ name }) => name))).toEqual(new Set(['reading 1']));
  expect(table.readings()).toBe(1);
});

test('pieces of an earlier attempt are not joined with those of other lookups or keys of masks', async () => {
  const prefixes: string[] = [];
  const prefixOf = async (request: TransformRequest): Promise<void> => {
    prefixes.push((await scatterJob(request, sizes)).prefix);
  };
  const lookups = await changingTable().read();
  const table = changingTable();
  await table.read();
  const others = await table.read();
  await runTransformBy(
    async (request) => {
      await prefixOf({ ...request, readLookups: async () => lookups });
      await prefixOf({ ...request, readLookups: async () => lookups });
      await prefixOf({ ...request, readLookups: async () => others });
      await prefixOf({ ...request, readLookups: async () => lookups, maskKeys: new Map([[1, 'one']]) });
      await prefixOf({ ...request, readLookups: async () => lookups, maskKeys: new Map([[1, 'other']]) });
      return await transformScattered({ ...request, readLookups: async () => lookups }, sizes);
    },
    { format: 'csv', content },
    settings,
  );
  expect(prefixes[0]).toBe(prefixes[1]);
  expect(new Set(prefixes).size).toBe(4);
});
