import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type MachineFigures, machineFile } from '../../bench/support/machine-figures.ts';
import { type ScaleRates, scaledRun, stepNames } from '../../bench/support/scale-model.ts';
import { machineSummary, machineTable, piecesTable, scaleTables } from '../../bench/support/scale-tables.ts';

const rates = JSON.parse(readFileSync('bench/scale-rates.json', 'utf8')) as ScaleRates;

describe('the model of large sources', () => {
  it('has made the tables of docs/scale.md from the rates that were measured', () => {
    const text = readFileSync('docs/scale.md', 'utf8');
    const shown = (name: string): string | undefined =>
      new RegExp(`<!-- ${name} -->\\n\\n([\\s\\S]+?)\\n\\n<!-- end of ${name} -->`).exec(text)?.[1];
    expect(shown('scale')).toBe(scaleTables(rates));
    expect(shown('pieces')).toBe(piecesTable(rates));
    const machine = JSON.parse(readFileSync(machineFile, 'utf8')) as MachineFigures;
    expect(shown('machine')).toBe(`${machineSummary(machine)}\n\n${machineTable(machine)}`);
    expect(machine.rows).toBe(rates.rows);
    for (const { peak_mb } of rates.steps) expect(peak_mb).toBeLessThan(rates.process_mb);
    const measured = `${rates.rows.toLocaleString('en')} rows of ${Math.round(rates.bytes / 1e6).toLocaleString('en')} MB`;
    expect(text).toContain(measured);
  });

  it('says what the page says: the database binds at every size, and S3 binds the gather from 100 GB on', () => {
    const runs = [1e9, 1e10, 1e11, 1e12].map((bytes) => scaledRun(bytes, rates));
    expect(runs.map(({ binds }) => binds)).toEqual(['load', 'load', 'load', 'load']);
    expect(runs.map(({ bounds }) => bounds.gather === 'requests of S3')).toEqual([false, false, true, true]);
    const [terabyte] = runs.slice(-1);
    expect(terabyte?.total).toBeLessThan(24 * 3_600);
    expect(terabyte?.gets).toBeGreaterThan(5e6);
  });

  it('takes longer in no step where there is less to do, or where processors are faster', () => {
    const sizes = [1e8, 1e9, 5e9, 1e11, 1e12].map((bytes) => scaledRun(bytes, rates));
    for (const [index, run] of sizes.slice(1).entries()) {
      for (const step of stepNames) expect(run.seconds[step]).toBeGreaterThanOrEqual(sizes[index]?.seconds[step] ?? 0);
    }
    const faster = scaledRun(1e10, {
      ...rates,
      steps: rates.steps.map((step) => ({ ...step, cpu_seconds: step.cpu_seconds / 2 })),
    });
    const usual = scaledRun(1e10, rates);
    for (const step of ['survey', 'clean', 'gather'] as const)
      expect(faster.seconds[step]).toBeLessThan(usual.seconds[step]);
    expect(faster.seconds.load).toBe(usual.seconds.load);
  });
});
