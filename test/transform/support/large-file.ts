import { expect } from 'vitest';
import { runTransform } from './stage.ts';

/** 9 MB, so that the file is read while it is still being walked over. */
export const good = Array.from({ length: 20_000 }, (_, i) => `${i},name ${i},${'x'.repeat(440)}\n`).join('');
export const header = 'id,name,note\n';

/** What a file ends in, how many rows it has then, and how many of them are rejected. */
export interface Ending {
  readonly what: string;
  readonly end: string | Buffer;
  readonly read: number;
  readonly bad: number;
}

export const endings: readonly Ending[] = [
  { what: 'a ragged line', end: 'a,b\n', read: 20_001, bad: 1 },
  {
    what: 'a line that is no UTF-8',
    end: Buffer.from([0x31, 0x2c, 0xff, 0x2c, 0x31, 0x0a]),
    read: 20_001,
    bad: 1,
  },
  { what: 'a quote that is never closed', end: '20000,"name,x\n', read: 20_001, bad: 1 },
  { what: 'a quoted line end', end: '20000,"na\nme",x\n', read: 20_001, bad: 0 },
  { what: 'a quote inside a field', end: '20000,na"me,x\n', read: 20_001, bad: 0 },
  {
    what: 'a line of 3 MB, more than a row may have',
    end: `20000,${'y'.repeat(3 << 20)},x\n`,
    read: 20_001,
    bad: 1,
  },
  { what: 'a line of 900 kB', end: `20000,${'y'.repeat(900_000)},x\n`, read: 20_001, bad: 0 },
  { what: 'no line end', end: '20000,name,x', read: 20_001, bad: 0 },
];

/** Cleans the good rows with an ending behind them, and counts. */
export async function losesNothing({ bad, end, read }: Ending): Promise<void> {
  const content = Buffer.concat([Buffer.from(header + good), Buffer.from(end)]);
  const { manifest, rejected, rows } = await runTransform({ format: 'csv', content });
  expect(manifest.counts).toMatchObject({ rows_read: read, rows_rejected: bad, rows_clean: read - bad });
  expect(rejected.length).toBe(bad);
  expect(new Set(rows.map((row) => row.id)).size).toBe(read - bad);
}
