/**
 * One of the ways to load the finished rows, in a process of its own, so that no other way's memory slows it down.
 * Arguments: JSON of `WayJob`; prints JSON of `{seconds}`.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import postgres from 'postgres';
import { finishedColumns } from './load-data.ts';

export interface WayJob {
  readonly way: 'copy' | 'values' | 'rows';
  /** The finished rows as CSV without quotes, commas or line ends in its fields. */
  readonly file: string;
  readonly table: string;
  readonly host: string;
  readonly port: number;
  /** How many of the rows; all when left out. */
  readonly rows?: number;
}

const job = JSON.parse(process.argv[2] ?? '') as WayJob;
const names = finishedColumns.map((column) => column.split(' ')[0] ?? '');
const batchRows = 2_000;
const sql = postgres({
  host: job.host,
  port: job.port,
  user: 'postgres',
  database: 'postgres',
  max: job.way === 'values' ? 8 : 1,
  fetch_types: false,
  onnotice: () => undefined,
});

async function* records(): AsyncGenerator<readonly string[]> {
  let left = job.rows ?? Number.POSITIVE_INFINITY;
  for await (const line of createInterface({ input: createReadStream(job.file) })) {
    if (left === 0) return;
    left -= 1;
    yield line.split(',');
  }
}

async function* batches(): AsyncGenerator<readonly (readonly string[])[]> {
  let batch: (readonly string[])[] = [];
  for await (const record of records()) {
    batch.push(record);
    if (batch.length < batchRows) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

const ways: Readonly<Record<WayJob['way'], () => Promise<void>>> = {
  /** One COPY stream on one connection. */
  copy: async () => {
    const stream = await sql.unsafe(`COPY ${job.table} (${names.join(', ')}) FROM STDIN (FORMAT csv)`).writable();
    await pipeline(createReadStream(job.file, { highWaterMark: 1 << 20 }), stream);
  },
  /** Multi-row VALUES with bound parameters, 2,000 rows a statement, 8 connections: the driver's own multi-row insert. */
  values: async () => {
    const source = batches();
    const work = async (): Promise<void> => {
      for (let next = await source.next(); next.done !== true; next = await source.next()) {
        const rows = next.value.map((record) => Object.fromEntries(names.map((name, i) => [name, record[i] ?? ''])));
        await sql`INSERT INTO ${sql(job.table)} ${sql(rows, ...names)}`;
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));
  },
  /** One INSERT a row, committed every 1,000, on one connection: the article's way. */
  rows: async () => {
    const text = `INSERT INTO ${job.table} (${names.join(', ')}) VALUES (${names.map((_, i) => `$${i + 1}`).join(', ')})`;
    const source = records();
    for (let next = await source.next(); next.done !== true; ) {
      await sql.begin(async (transaction) => {
        for (let row = 0; row < 1_000 && next.done !== true; row += 1) {
          await transaction.unsafe(text, [...next.value], { prepare: true });
          next = await source.next();
        }
      });
    }
  },
};

await sql`SELECT 1`;
const began = performance.now();
await ways[job.way]();
const seconds = (performance.now() - began) / 1000;
await sql.end({ timeout: 5 });
process.stdout.write(`${JSON.stringify({ seconds })}\n`);
