import { describe, expect, it } from 'vitest';
import type { TransformSettings } from '../../lib/transform/request.ts';
import { runTransform, typesOf, withoutService } from './support/stage.ts';

const targetColumns = [
  { name: 'uuid_id', type: 'uuid', nullable: false, isId: true },
  { name: 'id', type: 'bigint', nullable: true },
  { name: 'note', type: 'text', nullable: true },
  { name: 'extracted_at', type: 'timestamp with time zone', nullable: true },
  { name: 'created_at', type: 'timestamp with time zone', nullable: false },
  { name: 'updated_at', type: 'timestamp with time zone', nullable: false },
];

async function load(content: string, settings: Partial<TransformSettings> = {}) {
  const { manifest, rejected, rows } = await runTransform(
    { format: 'csv', content },
    { blank_text: 'keep', ...settings },
    { targetColumns },
  );
  return { warnings: manifest.warnings, types: typesOf(manifest), rows: withoutService(rows), rejected };
}

describe('a new column', () => {
  const content = 'id,note,extra\n1,a,\n2,b,7\n3,c,8\n';

  it('is added, and said with its rows and the first place', async () => {
    const { types, warnings } = await load(content);
    expect(types.extra).toBe('bigint');
    expect(warnings).toEqual([
      'The source has a new column extra with values in 2 rows (first: input-0, row 3); it is added as bigint.',
    ]);
  });

  it('is left out where on_new_column says ignore', async () => {
    const { rows, warnings } = await load(content, { on_new_column: 'ignore' });
    expect(rows[1]).toEqual({ id: '2', note: 'b' });
    expect(warnings?.[0]).toMatch(/it is left out/);
  });

  it('fails the run where on_new_column says fail', async () => {
    await expect(load(content, { on_new_column: 'fail' })).rejects.toMatchObject({
      code: 'source_drift',
      message: expect.stringContaining('new column extra with values in 2 rows'),
    });
  });

  it('that a contract declares, or a rule makes, is none', async () => {
    const settings = {
      on_new_column: 'fail',
      columns: { extra: 'text' },
      business_rules: [{ type: 'enrich', new_column: 'made', logic: 'id + 1' }],
    } as const;
    expect((await load(content, { ...settings, business_rules: [...settings.business_rules] })).warnings).toEqual([]);
  });
});

describe('a column that the source no longer has', () => {
  it('is said, and fails the run where on_missing_column says so', async () => {
    expect((await load('id\n1\n')).warnings).toEqual([
      'The source has no column note, which the table has; rows that exist keep their values, new ones have none.',
    ]);
    await expect(load('id\n1\n', { on_missing_column: 'fail' })).rejects.toMatchObject({ code: 'source_drift' });
    expect((await load('id\n1\n', { columns: { note: 'text' } })).warnings).toHaveLength(1);
  });
});

describe('a contract on a column that exists with another type', () => {
  it('holds besides the type of the table', async () => {
    const content = 'id,note\n1,5\n2,x\n40000,6\n4,5.5\n';
    const { rejected, rows, types } = await load(content, { columns: { note: 'numeric(3,1)', id: 'smallint' } });
    expect(types).toEqual({ id: 'bigint', note: 'text' });
    expect(rows).toEqual([
      { id: '1', note: '5' },
      { id: '4', note: '5.5' },
    ]);
    expect(rejected.map(({ column_name, reason }) => [column_name, reason])).toEqual([
      ['note', expect.stringMatching(/numeric\(3,1\).*as columns declares it/)],
      ['id', expect.stringMatching(/smallint.*as columns declares it/)],
    ]);
  });

  it('fails the run for a value that does not fit where on_type_mismatch says so', async () => {
    const settings = { on_type_mismatch: 'fail', columns: { note: 'date' } } as const;
    await expect(load('id,note\n1,2024-01-01\n2,x\n', settings)).rejects.toThrow(/in 1 row note is not a date/);
    expect((await load('id,note\n1,2024-01-01\n', settings)).rows).toHaveLength(1);
  });
});
