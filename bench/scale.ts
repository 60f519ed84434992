import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type MachineFigures, machineFile } from './support/machine-figures.ts';
import { writePieceData } from './support/piece-data.ts';
import type { ScaleRates } from './support/scale-model.ts';
import { machineSummary, machineTable, piecesTable, scaleTables, stepLine } from './support/scale-tables.ts';
import { runInPieces, type StepFigures } from './support/scatter-machine.ts';

const ratesFile = 'bench/scale-rates.json';
const page = 'docs/scale.md';

/**
 * What runs of 1 GB to 1 TB would take and cost: `npm run bench -- scale [--measure] [--write]`. `--measure` cleans a
 * source in pieces, each call of a step in a process of its own, and in one go, fails where they differ or where a process
 * takes more memory than it may, and keeps the rates; `--write` puts the tables into docs/scale.md.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values: options } = parseArgs({
    args: [...args],
    options: {
      measure: { type: 'boolean', default: false },
      rows: { type: 'string', default: '10000000' },
      'bucket-mb': { type: 'string', default: '512' },
      write: { type: 'boolean', default: false },
    },
  });
  if (options.measure) {
    const rates = await measure(Number(options.rows), Number(options['bucket-mb']));
    writeFileSync(ratesFile, `${JSON.stringify(rates, null, 2)}\n`);
  }
  const rates = JSON.parse(readFileSync(ratesFile, 'utf8')) as ScaleRates;
  const machine = JSON.parse(readFileSync(machineFile, 'utf8')) as MachineFigures;
  const tables = {
    pieces: piecesTable(rates),
    machine: `${machineSummary(machine)}\n\n${machineTable(machine)}`,
    scale: scaleTables(rates),
  };
  process.stdout.write(`${Object.values(tables).join('\n\n')}\n`);
  if (!options.write) return;
  let text = readFileSync(page, 'utf8');
  for (const [name, table] of Object.entries(tables)) {
    const [start, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->`];
    text = `${text.slice(0, text.indexOf(start) + start.length)}\n${table}\n\n${text.slice(text.indexOf(end))}`;
  }
  writeFileSync(page, text);
}

const mb = 1024 * 1024;
/** As a run in pieces has it by default. */
const partMb = 128;
/** What DuckDB may keep in memory, and what a whole process may take. */
const memoryLimitMb = 512;
const processMb = 1_024;

/** What each step takes, and the transform in one go. */
async function measure(rows: number, bucketMb: number): Promise<ScaleRates> {
  const folder = mkdtempSync(path.join(tmpdir(), 'dsql-etl-scale-'));
  try {
    const csv = await writePieceData(folder, rows);
    const sizes = { partBytes: partMb * mb, bucketBytes: bucketMb * mb };
    const { counts, raw, steps, whole } = await runInPieces({ folder, csv, sizes, memoryLimitMb }, (figures) => {
      process.stderr.write(`${stepLine(figures).join(' · ')}\n`);
    });
    process.stderr.write(`Equal to one go: ${JSON.stringify(counts)}\n`);
    const large = steps.find(({ peak_mb }) => peak_mb > processMb);
    if (large !== undefined) {
      throw new Error(
        `A process of ${large.step} took ${Math.round(large.peak_mb)} MB of the ${processMb} it may take.`,
      );
    }
    return {
      bytes: raw.bytes_read,
      rows: counts.rows_read,
      bucket_mb: bucketMb,
      memory_limit_mb: memoryLimitMb,
      process_mb: processMb,
      whole: rounded(whole),
      steps: steps.map(rounded),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rounded(figures: StepFigures): StepFigures {
  const { calls, cpu_seconds, longest_seconds, peak_mb, step } = figures;
  const short = (value: number): number => Number(value.toFixed(1));
  return {
    step,
    calls,
    longest_seconds: short(longest_seconds),
    cpu_seconds: short(cpu_seconds),
    peak_mb: Math.round(peak_mb),
  };
}
