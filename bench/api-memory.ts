import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type RowApi, rowApis, serveRows } from './support/row-api.ts';

/**
 * Memory of extract for each way in which APIs hand out rows, 100,000 rows against 1,000,000, which the API makes while it
 * sends them: `npm run bench -- api-memory [--only name] [small] [large]`. Fails when 1.3 times as much is held of the large
 * one as of the small one, when its process peaks above 256 MiB, or when rows are missing. What is held is looked at after
 * a collection, for the peak of a process has garbage in it, 60 MiB more or less from run to run.
 */

const execute = promisify(execFile);
const child = fileURLToPath(new URL(`./support/extract-child${path.extname(import.meta.url)}`, import.meta.url));
const allowedRatio = 1.3;
const allowedPeakMiB = 256;

interface Measured {
  /** 0 where it was not looked at. */
  readonly liveMiB: number;
  readonly peakMiB: number;
  readonly seconds: number;
  readonly rows: number;
}

async function measure(api: RowApi, rows: number, flags: readonly string[]): Promise<Measured> {
  const folder = mkdtempSync(path.join(tmpdir(), 'api-memory-'));
  const server = await serveRows(api, rows, folder);
  try {
    const args = [...flags, child, folder, JSON.stringify(api.source), JSON.stringify({ base_url: server.url })];
    const { stdout } = await execute(process.execPath, args, { maxBuffer: 1 << 20 });
    return JSON.parse(stdout) as Measured;
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function run(args: readonly string[]): Promise<void> {
  const at = args.indexOf('--only');
  const only = at === -1 ? undefined : args[at + 1];
  const [small = 100_000, large = 1_000_000] = args.filter((_, i) => at === -1 || i < at || i > at + 1).map(Number);
  const row = (cells: readonly string[]): string =>
    `${(cells[0] ?? '').padEnd(30)}${cells
      .slice(1)
      .map((cell) => cell.padStart(18))
      .join('')}\n`;
  process.stdout.write(
    row([
      'source',
      `${small} rows held`,
      `${large} rows held`,
      `ratio (≤ ${allowedRatio})`,
      `peak (≤ ${allowedPeakMiB})`,
      'rows/s',
    ]),
  );
  for (const api of rowApis.filter(({ name }) => only === undefined || name === only)) {
    const little = await measure(api, small, ['--expose-gc']);
    const much = await measure(api, large, ['--expose-gc']);
    const plain = await measure(api, large, []);
    const ratio = much.liveMiB / little.liveMiB;
    // What is a file as it is, is not counted, and nothing of it is looked at.
    const isFile = api.name === 'Parquet';
    const isWhole = isFile || (little.rows === small && much.rows === large && plain.rows === large);
    const isFlat = plain.peakMiB <= allowedPeakMiB && (isFile || ratio <= allowedRatio);
    if (!isWhole || !isFlat) process.exitCode = 1;
    const cells = [
      ...[little.liveMiB, much.liveMiB].map((live) => `${live.toFixed(1)} MiB`),
      ratio.toFixed(2),
      `${plain.peakMiB.toFixed(0)} MiB`,
      `${(large / plain.seconds).toFixed(0)}${isWhole ? '' : '  ROWS MISSING'}${isFlat ? '' : '  TOO MUCH'}`,
    ];
    process.stdout.write(row([api.name, ...cells]));
  }
}
