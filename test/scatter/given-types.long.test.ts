import { expect, test } from 'vitest';
import { scatterJob } from '../../lib/scatter/job.ts';
import { readSurvey } from '../../lib/scatter/survey-slice.ts';
import { transformScattered } from '../../lib/scatter/transform-scattered.ts';
import type { TransformSettings } from '../../lib/transform/request.ts';
import { commas, runTransformBy } from '../transform/support/stage.ts';
import { expectSameInPieces } from './support/compare.ts';
import { mixedCsv } from './support/mixed-csv.ts';

const input = { format: 'csv', content: mixedCsv } as const;
const targetColumns = [
  { name: 'uuid_id', type: 'uuid', nullable: false, isId: true },
  { name: 'id', type: 'bigint', nullable: true },
  { name: 'amount', type: 'numeric(10,2)', nullable: true },
  { name: 'kept', type: 'text', nullable: true },
] as const;
const kinds: Readonly<Record<string, { readonly settings: Partial<TransformSettings>; readonly open: number[] }>> = {
  'all types declared': {
    settings: { columns: { id: 'bigint', name: 'text', amount: 'numeric(6,2)', at: { date_format: '%Y-%m-%d' } } },
    open: [],
  },
  'types of the table, one declared, and a column renamed to a name of the table': {
    settings: { columns: { at: 'date' }, rename: { name: 'kept' } },
    open: [],
  },
  'a rule that changes a column of the table': {
    settings: { business_rules: [{ type: 'enrich', new_column: 'amount', logic: 'amount * 2' }] },
    open: [1, 2, 3],
  },
};

for (const [kind, { open, settings }] of Object.entries(kinds)) {
  test(`a survey asks columns without a given type alone, and the outcome is the same: ${kind}`, async () => {
    const more = { targetColumns: kind.startsWith('all') ? undefined : targetColumns };
    await expectSameInPieces(input, { partBytes: 3_000, settings, more });
    await runTransformBy(
      async (request) => {
        const sizes = { partBytes: 3_000, bucketBytes: 9_000 };
        const manifest = await transformScattered(request, sizes);
        const survey = await readSurvey(await scatterJob(request, sizes), 1);
        expect(survey?.evidence.map(({ field }) => field)).toEqual(open);
        return manifest;
      },
      input,
      settings,
      more,
    );
  }, 60_000);
}

test('of several files, whose columns are not known beforehand, all columns are asked', async () => {
  const contents = [
    'id,Amount\n1,2\n',
    `id,amount,Amount\n${Array.from({ length: 60 }, (_, i) => `${i},${i},x${i}\n`).join('')}`,
  ];
  await expectSameInPieces(
    contents.map((content) => ({ format: 'csv', content, csv: commas })),
    { partBytes: 200, settings: { columns: { amount: 'bigint' } } },
  );
}, 60_000);
