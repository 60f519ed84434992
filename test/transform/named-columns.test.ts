import { describe, expect, it } from 'vitest';
import { runTransform } from './support/stage.ts';

const content = 'Order ID,Sold At,amount\n1,2026-01-01,5\n2,2026-01-02,6\n';

describe('columns that settings name', () => {
  it('are in the plan by their names in the target, by whichever name they were configured', async () => {
    const { manifest } = await runTransform(
      { format: 'csv', content },
      {
        key_columns: ['Order ID'],
        latest_by: 'sold_at',
        load_mode: 'upsert',
        indexes: [['SOLD AT', 'order_id'], { columns: ['extracted_at'], unique: false }],
      },
    );
    expect(manifest).toMatchObject({
      key_columns: ['order_id'],
      latest_by: 'sold_at',
      indexes: [
        { columns: ['sold_at', 'order_id'], unique: false },
        { columns: ['extracted_at'], unique: false },
      ],
    });
  });

  it.each([
    ['key_columns', { key_columns: ['Order ID', 'order_id'] }],
    ['indexes', { indexes: [['ORDER_ID', 'Order ID']] }],
  ])('that are one column by two names are an error that names it: %s', async (setting, settings) => {
    await expect(runTransform({ format: 'csv', content }, settings)).rejects.toThrow(
      `Pipeline sample: ${setting} names the column order_id twice. Name it once.`,
    );
  });

  it.each([
    ['latest_by', { latest_by: 'sold', load_mode: 'upsert', key_columns: ['order_id'] }],
    ['indexes', { indexes: [['ammount']] }],
  ] as const)('that do not exist are an error before anything is loaded: %s', async (setting, settings) => {
    await expect(runTransform({ format: 'csv', content }, settings as never)).rejects.toMatchObject({
      code: 'unknown_column',
      message: expect.stringContaining(`${setting} names`),
    });
  });

  it('stay as they are configured where the source has told no columns', async () => {
    const { manifest } = await runTransform({ format: 'csv', content: '' }, { key_columns: ['id'], indexes: [['at']] });
    expect(manifest).toMatchObject({ key_columns: ['id'], indexes: [{ columns: ['at'], unique: false }] });
  });
});
