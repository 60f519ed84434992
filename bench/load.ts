/** How fast rows get in: our whole pipeline against COPY, bound parameters, and a statement a row, on one PostgreSQL. */
import { execFile } from 'node:child_process';
import { createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import postgres from 'postgres';
import { localFolder } from '../lib/local/folder.ts';
import { holdLocalDsql } from '../lib/local/local-dsql.ts';
import { finishedColumns, median, writeLoadData } from './support/load-data.ts';
import type { PipelineJob } from './support/load-pipeline.ts';

const run1 = promisify(execFile);
const names = finishedColumns.map((column) => column.split(' ')[0]);

interface PipelineFigures {
  readonly seconds: number;
  readonly peakMb: number;
  readonly rows: number;
  readonly status: string;
  readonly error: string | null;
}

async function makeTable(sql: postgres.Sql, table: string): Promise<void> {
  const columns = finishedColumns.map((column) => (column.startsWith('uuid_id') ? `${column} PRIMARY KEY` : column));
  await sql.unsafe(`CREATE TABLE ${table} (${columns.join(', ')},
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP)`);
}

/** (a) One COPY stream of the finished rows, on one connection. */
async function copy(sql: postgres.Sql, table: string, file: string): Promise<number> {
  const began = performance.now();
  const stream = await sql.unsafe(`COPY ${table} (${names.join(', ')}) FROM STDIN (FORMAT csv)`).writable();
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), stream);
  return (performance.now() - began) / 1000;
}

/** (c) Multi-row VALUES with bound parameters, 2,000 rows a statement, on 8 connections; values as the file has them. */
async function values(sql: postgres.Sql, table: string, rows: readonly (readonly string[])[]): Promise<number> {
  const batch = 2_000;
  const statement = (count: number): string =>
    `INSERT INTO ${table} (${names.join(', ')}) VALUES ${Array.from({ length: count }, (_, row) => `(${names.map((_name, column) => `$${row * names.length + column + 1}`).join(',')})`).join(',')}`;
  const full = statement(batch);
  let next = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let from = next; from < rows.length; from = next) {
        next += batch;
        const group = rows.slice(from, from + batch);
        await sql.unsafe(group.length === batch ? full : statement(group.length), group.flat(), { prepare: true });
      }
    }),
  );
  return (performance.now() - began) / 1000;
}

/** (d) One INSERT a row, committed every 1,000, on one connection: the article's way. */
async function rowByRow(sql: postgres.Sql, table: string, rows: readonly (readonly string[])[]): Promise<number> {
  const text = `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map((_, column) => `$${column + 1}`).join(', ')})`;
  const began = performance.now();
  for (let from = 0; from < rows.length; from += 1_000) {
    await sql.begin(async (transaction) => {
      for (const row of rows.slice(from, from + 1_000)) await transaction.unsafe(text, [...row], { prepare: true });
    });
  }
  return (performance.now() - began) / 1000;
}

/** (b) Our whole pipeline in a process of its own. */
async function pipelineRun(job: PipelineJob): Promise<PipelineFigures> {
  const script = fileURLToPath(new URL('./support/load-pipeline.js', import.meta.url));
  const { stdout } = await run1(process.execPath, [script, JSON.stringify(job)], { maxBuffer: 1 << 20 });
  const figures = JSON.parse(stdout) as PipelineFigures;
  if (figures.status !== 'success') throw new Error(`The pipeline failed: ${figures.error}`);
  return figures;
}

function plainRows(file: string, limit: number): readonly (readonly string[])[] {
  // The benchmark's own data has no quotes, commas or newlines in its fields.
  return readFileSync(file, 'utf8')
    .split('\n', limit)
    .filter((line) => line !== '')
    .map((line) => line.split(','));
}

/** Alternates the ways, `rounds` times each after a warm-up, and writes the medians to `bench/results.md`. */
export async function run(args: readonly string[]): Promise<void> {
  const { values: options } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '5' },
      connections: { type: 'string', default: '8' },
      'row-by-row': { type: 'string', default: '50000' },
      durability: { type: 'string', default: 'machine' },
      write: { type: 'boolean', default: false },
    },
  });
  const rowCount = Number(options.rows);
  const folder = mkdtempSync(path.join(tmpdir(), 'dsql-etl-bench-'));
  mkdirSync(folder, { recursive: true });
  const files = await writeLoadData(folder, rowCount);
  const hold = await holdLocalDsql({
    stateDir: folder,
    durability: options.durability === 'process' ? 'process' : 'machine',
  });
  const host = path.join(localFolder(folder).sockets, 'pg');
  const sql = postgres({
    host,
    port: 5432,
    user: 'dsql',
    database: 'postgres',
    max: 8,
    fetch_types: false,
    onnotice: () => undefined,
  });
  const times: Record<'a' | 'b' | 'c' | 'd', number[]> = { a: [], b: [], c: [], d: [] };
  const peaks: number[] = [];
  try {
    const few = plainRows(files.copy, Number(options['row-by-row']));
    const all = plainRows(files.copy, rowCount);
    for (let round = 0; round < Number(options.rounds); round += 1) {
      const tables = { a: `copied_${round}`, b: `loaded_${round}`, c: `valued_${round}`, d: `rowwise_${round}` };
      for (const way of ['a', 'c', 'd'] as const) await makeTable(sql, tables[way]);
      times.a.push(await copy(sql, tables.a, files.copy));
      const job = {
        folder,
        csv: files.csv,
        table: tables.b,
        connections: Number(options.connections),
        host,
        port: 5432,
      };
      const figures = await pipelineRun(job);
      times.b.push(figures.seconds);
      peaks.push(figures.peakMb);
      times.c.push(await values(sql, tables.c, all));
      times.d.push(((await rowByRow(sql, tables.d, few)) * all.length) / few.length);
      for (const table of Object.values(tables)) await sql.unsafe(`DROP TABLE ${table}`);
    }
  } finally {
    await sql.end({ timeout: 5 });
    await hold.release();
    rmSync(folder, { recursive: true, force: true });
  }
  const seconds = (way: keyof typeof times): string => median(times[way]).toFixed(1);
  const ratio = (way: keyof typeof times): string =>
    median(times[way].map((value, round) => value / (times.b[round] ?? value))).toFixed(2);
  const report = [
    `${rowCount.toLocaleString('en')} rows × 10 columns, ${options.rounds} rounds, ${availableParallelism()} cores, durability ${options.durability}; medians`,
    '',
    '| way | seconds | time ÷ ours |',
    '|---|---|---|',
    `| (a) COPY FROM STDIN of the finished rows, 1 connection | ${seconds('a')} | ${ratio('a')} |`,
    `| (b) the whole pipeline: CSV, filter, enrich, ledger; ${options.connections} connections | ${seconds('b')} | 1.00 |`,
    `| (c) multi-row VALUES, bound parameters, 2,000 rows, 8 connections | ${seconds('c')} | ${ratio('c')} |`,
    `| (d) one INSERT a row, committed every 1,000 (${options['row-by-row']} rows, scaled) | ${seconds('d')} | ${ratio('d')} |`,
    '',
    `(b) ÷ (a), pair by pair: ${median(times.b.map((value, round) => value / (times.a[round] ?? value))).toFixed(2)}. Peak memory of (b): ${Math.round(median(peaks))} MB.`,
    '',
  ].join('\n');
  process.stdout.write(`${report}\n`);
  if (options.write) writeFileSync('bench/results.md', `# Results\n\n\`npm run bench -- load --write\`\n\n${report}`);
}
