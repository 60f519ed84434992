/** What the guard costs: batches of 2,000 rows through it, against the same batches on the same PostgreSQL directly. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import { holdLocalDsql } from '../lib/local/client.ts';
import { localFolder } from '../lib/local/postgres/folder.ts';
import { localDsqlToken } from '../lib/local/sign-in.ts';

const batchRows = 2_000;
const columns = 10;

/** One batch: an array literal for each column. */
function makeBatch(): readonly string[] {
  return Array.from({ length: columns }, (_, column) => {
    const values = Array.from({ length: batchRows }, (_unused, row) =>
      column % 3 === 0 ? `${row * 7919 + column}` : `"value ${row}, of column ${column}"`,
    );
    return `{${values.join(',')}}`;
  });
}

async function load(sql: postgres.Sql, table: string, batches: number, connections: number): Promise<number> {
  const batch = makeBatch();
  const names = Array.from({ length: columns }, (_, column) => `c${column}`).join(', ');
  const arrays = Array.from({ length: columns }, (_, column) => `$${column + 1}::text[]`).join(', ');
  const insert = `INSERT INTO ${table} (uuid_id, ${names}) SELECT gen_random_uuid(), ${names} FROM unnest(${arrays}) AS s(${names})`;
  const ledger = `INSERT INTO ${table}_ledger (run_id, chunk, batch, rows_loaded) VALUES ($1, $2, $3, ${batchRows})`;
  let next = 0;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (let number = next++; number < batches; number = next++) {
        await sql.begin(async (transaction) => {
          await transaction.unsafe(insert, [...batch], { prepare: true });
          await transaction.unsafe(ledger, ['run', 0, number], { prepare: true });
        });
      }
    }),
  );
  return (batches * batchRows * 1000) / (performance.now() - started);
}

async function makeTables(sql: postgres.Sql, table: string): Promise<void> {
  const names = Array.from({ length: columns }, (_, column) => `c${column} text`).join(', ');
  await sql.unsafe(`CREATE TABLE ${table} (uuid_id uuid PRIMARY KEY, ${names})`);
  await sql.unsafe(
    `CREATE TABLE ${table}_ledger (run_id text, chunk int, batch int, rows_loaded int, PRIMARY KEY (run_id, chunk, batch))`,
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Alternates between both ways, several times each, and prints the medians, and the median of the rounds' ratios. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      batches: { type: 'string', default: '60' },
      rounds: { type: 'string', default: '7' },
      connections: { type: 'string', default: '4' },
      durability: { type: 'string', default: 'machine' },
    },
  });
  const stateDir = mkdtempSync(join(tmpdir(), 'dsql-etl-bench-'));
  const durability = values.durability === 'process' ? 'process' : 'machine';
  const hold = await holdLocalDsql({ stateDir, durability });
  const connections = Number(values.connections);
  const { endpoint } = hold;
  const common = { database: 'postgres', max: connections, onnotice: () => {}, fetch_types: false } as const;
  const guarded = postgres({
    ...common,
    host: endpoint.hostname,
    port: endpoint.port,
    user: endpoint.user,
    ssl: { ca: endpoint.ca },
    password: () => localDsqlToken(stateDir),
  });
  const direct = postgres({ ...common, host: join(localFolder(stateDir).sockets, 'pg'), port: 5432, user: 'postgres' });
  try {
    const rates: { readonly guarded: number[]; readonly direct: number[] } = { guarded: [], direct: [] };
    for (let round = -1; round < Number(values.rounds); round += 1) {
      for (const [way, sql] of [
        ['direct', direct],
        ['guarded', guarded],
      ] as const) {
        const table = `${way}_${round + 1}`;
        await makeTables(sql, table);
        const rate = await load(sql, table, Number(values.batches), connections);
        // The first round warms both ways up.
        if (round >= 0) rates[way].push(rate);
        await sql.unsafe(`DROP TABLE ${table}`);
      }
    }
    const ratio = median(rates.guarded.map((rate, round) => rate / (rates.direct[round] ?? rate)));
    process.stdout.write(
      `${connections} connections, ${values.rounds} rounds of ${values.batches} batches of ${batchRows} rows x ${columns + 1} columns, durability ${durability}\n` +
        `direct   ${Math.round(median(rates.direct))} rows/s  (${rates.direct.map((rate) => Math.round(rate)).join(', ')})\n` +
        `guarded  ${Math.round(median(rates.guarded))} rows/s  (${rates.guarded.map((rate) => Math.round(rate)).join(', ')})\n` +
        `ratio    ${ratio.toFixed(2)}\n`,
    );
  } finally {
    await guarded.end({ timeout: 5 });
    await direct.end({ timeout: 5 });
    await hold.release();
    rmSync(stateDir, { recursive: true, force: true });
  }
}
