import { describe, expect, it } from 'vitest';
import { progressLine, showProgress } from '../../lib/cli/run/progress.ts';

const shown = { pipeline: 'users', runSeconds: 12, stageSeconds: 10, rows: 0 } as const;

describe('the progress of a run', () => {
  it('says pipeline, stage, rows, rates, time left, rejected rows and conflicts', () => {
    expect(
      progressLine({ ...shown, stage: 'load', rows: 50_000, of: 200_000, bytes: 5_000_000, rejected: 3, conflicts: 1 }),
    ).toBe(
      'users  3/4 load  █████░░░░░░░░░░░░░░░  50,000 of 200,000 rows  5,000 rows/s  0.5 MB/s  30.0 s left  3 rejected  1 conflicts  12.0 s',
    );
    expect(progressLine({ ...shown, stage: 'extract', rows: 1_000 })).toBe(
      'users  1/4 extract  1,000 rows  100 rows/s  12.0 s',
    );
    expect(progressLine({ ...shown, stage: 'load', of: 0 })).toBe('users  3/4 load  0 of 0 rows  12.0 s');
  });

  it('is a line every 10 s in a log, one that changes on a terminal, and nothing when quiet', () => {
    let time = 0;
    const played = (stream: { readonly isTTY?: boolean; readonly columns?: number }, quiet = false): string => {
      time = 0;
      let text = '';
      const write = (part: string | Uint8Array): boolean => {
        text += String(part);
        return true;
      };
      const display = showProgress({ ...stream, write }, quiet, () => time);
      display.start('users');
      for (time = 1_000; time <= 25_000; time += 1_000) display.report({ stage: 'load', rows: time, of: 100_000 });
      display.stop();
      return text;
    };
    expect(played({}).trimEnd().split('\n')).toEqual([
      expect.stringContaining('10,000 of 100,000 rows') as string,
      expect.stringContaining('20,000 of 100,000 rows') as string,
    ]);
    const lines = played({ isTTY: true, columns: 40 }).split('\r\u001b[2K');
    expect(lines).toHaveLength(26);
    expect(lines.every((line) => [...line].length < 40)).toBe(true);
    expect(lines.at(-1)).toBe('');
    expect(played({}, true)).toBe('');
  });
});
