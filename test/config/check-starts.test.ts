import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/read-config.ts';

const pipeline = (settings: string) => (): unknown =>
  parseConfig(
    `pipelines: { sales: { source_type: file, target_table: sales, trigger: { bucket: incoming, prefix: sales/ }, ${settings} } }`,
    'etl.yaml',
  );

describe('a schedule beside a trigger', () => {
  it.each([
    'file_path: s3://incoming/sales/, schedule: { rate: 1 hour }',
    'file_path: s3://incoming/sales/2026/, schedule: { rate: 1 hour }',
    'file_path: "s3://incoming/*.csv", schedule: { cron: "0 3 * * ? *" }',
    'file_path: "s3://incoming/", schedule: { rate: 1 hour }',
  ])('over the same place is refused where rows are only added: %s', (settings) => {
    expect(pipeline(settings)).toThrow(/pipelines\.sales\.schedule: would load objects of .* again/);
  });

  it.each([
    'file_path: s3://incoming/sales/, schedule: { rate: 1 hour }, key_columns: [id]',
    'file_path: s3://incoming/sales/, schedule: { rate: 1 hour }, load_mode: upsert, key_columns: [id]',
    'file_path: s3://incoming/sales/, schedule: { rate: 1 hour, enabled: false }',
    'file_path: s3://incoming/former/, schedule: { rate: 1 hour }',
    'file_path: s3://other/sales/, schedule: { rate: 1 hour }',
    'file_path: s3://incoming/sales/',
  ])('is taken where no row can come twice: %s', (settings) => {
    expect(pipeline(settings)).not.toThrow();
  });
});
