import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type RowApi, rowApis, serveRows } from './support/row-api.ts';

/**
 * Peak memory of extract for each way in which APIs hand out rows, 100,000 rows against 1,000,000, which the API makes
 * while it sends them: `npm run bench -- api-memory [--only name] [small] [large]`. Fails when the large one needs more
 * than 1.3 times the memory of the small one, or rows are missing.
 */

const execute = promisify(execFile);
const child = fileURLToPath(new URL(`./support/extract-child${path.extname(import.meta.url)}`, import.meta.url));
const allowedRatio = 1.3;

interface Measured {
  readonly peakMiB: number;
  readonly seconds: number;
  readonly rows: number;
}

async function measure(api: RowApi, rows: number): Promise<Measured> {
  const folder = mkdtempSync(path.join(tmpdir(), 'api-memory-'));
  const server = await serveRows(api, rows, folder);
  try {
    const args = [child, folder, JSON.stringify(api.source), JSON.stringify({ base_url: server.url })];
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
    row(['source', `${small} rows`, 'rows/s', `${large} rows`, 'rows/s', `at most ${allowedRatio}`]),
  );
  for (const api of rowApis.filter(({ name }) => only === undefined || name === only)) {
    const [little, much] = [await measure(api, small), await measure(api, large)];
    const ratio = much.peakMiB / little.peakMiB;
    // What is a file as it is, is not counted.
    const isWhole = (measured: Measured, rows: number): boolean => measured.rows === rows || api.name === 'Parquet';
    const fault =
      ratio > allowedRatio ? '  TOO MUCH' : isWhole(little, small) && isWhole(much, large) ? '' : '  ROWS MISSING';
    if (fault !== '') process.exitCode = 1;
    const shown = ({ peakMiB, seconds }: Measured, rows: number): string[] => [
      `${peakMiB.toFixed(0)} MiB`,
      (rows / seconds).toFixed(0),
    ];
    process.stdout.write(
      row([api.name, ...shown(little, small), ...shown(much, large), `${ratio.toFixed(2)}${fault}`]),
    );
  }
}
