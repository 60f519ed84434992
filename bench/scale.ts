import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { inProcess } from './support/in-process.ts';
import { median, writeLoadData } from './support/load-data.ts';
import type { ScaleRates } from './support/scale-model.ts';
import { scaleTables } from './support/scale-tables.ts';
import type { TransformFigures } from './support/transform-child.ts';

const ratesFile = 'bench/scale-rates.json';
const page = 'docs/scale.md';
const start = '<!-- scale -->\n';
const end = '<!-- end of scale -->';

/**
 * What runs of 1 GB to 1 TB would take and cost: `npm run bench -- scale [--measure] [--write]`. `--measure` takes a part
 * of 128 MiB through the transform and keeps its rates; `--write` puts the tables into docs/scale.md.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values: options } = parseArgs({
    args: [...args],
    options: {
      measure: { type: 'boolean', default: false },
      rows: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '3' },
      write: { type: 'boolean', default: false },
    },
  });
  if (options.measure) {
    const rates = await measure(Number(options.rows), Number(options.rounds));
    writeFileSync(ratesFile, `${JSON.stringify(rates, null, 2)}\n`);
  }
  const tables = scaleTables(JSON.parse(readFileSync(ratesFile, 'utf8')) as ScaleRates);
  process.stdout.write(`${tables}\n`);
  if (!options.write) return;
  const text = readFileSync(page, 'utf8');
  const from = text.indexOf(start) + start.length;
  writeFileSync(page, `${text.slice(0, from)}\n${tables}\n\n${text.slice(text.indexOf(end))}`);
}

/** The rates of a part; processor time of the median round, which other work on the machine changes little. */
async function measure(rows: number, rounds: number): Promise<ScaleRates> {
  const folder = mkdtempSync(path.join(tmpdir(), 'dsql-etl-scale-'));
  try {
    const { csv } = await writeLoadData(folder, rows);
    const figures: TransformFigures[] = [];
    for (let round = 0; round < rounds; round += 1)
      figures.push(await inProcess<TransformFigures>('transform-child', { folder, file: csv }));
    const [{ bytes = 0, rows: read = 0 } = {}] = figures;
    return {
      part_bytes: bytes,
      part_rows: read,
      transform_cpu_seconds: Number(median(figures.map(({ cpu_seconds }) => cpu_seconds)).toFixed(2)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
