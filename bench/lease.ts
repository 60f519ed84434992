/** What the lease check costs: transactions of a load into the local DSQL, with the check and without, in turn. */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../lib/clock.ts';
import { connect, type Sql, type Transaction } from '../lib/dsql/connect.ts';
import { holdLocalDsql, localDsqlStatus } from '../lib/local/client.ts';
import { takeLease } from '../lib/state/lease.ts';
import { writeLedgerEntry } from '../lib/state/ledger.ts';
import { ensureServiceTables } from '../lib/state/service-tables.ts';
import { openDelay } from './support/delay.ts';
import { median } from './support/load-data.ts';
import { processorSeconds } from './support/processor-time.ts';
import { writeResults } from './support/results.ts';

/** In the Region, a round trip to DSQL without a COMMIT takes about 2 ms. */
const roundTripMs = 2;
const runId = 'bench';

type Way = 'with' | 'without';
type WriteEntry = (transaction: Transaction, batch: string) => Promise<unknown>;

interface Figures {
  /** Of each transaction. */
  readonly ms: number[];
  /** Processor time of the local DSQL and its PostgreSQL for a transaction, by round. */
  readonly cpuMs: number[];
}

/** Alternates both ways in rounds and prints medians, for one connection and for several at the same time. */
export async function run(args: readonly string[]): Promise<void> {
  const { values: options } = parseArgs({
    args: [...args],
    options: {
      transactions: { type: 'string', default: '60' },
      rounds: { type: 'string', default: '7' },
      rows: { type: 'string', default: '100' },
      connections: { type: 'string', default: '8' },
      write: { type: 'boolean', default: false },
    },
  });
  const stateDir = mkdtempSync(path.join(tmpdir(), 'dsql-etl-bench-'));
  const hold = await holdLocalDsql({ stateDir });
  const { ca, hostname, pid, port, region, user } = hold.endpoint;
  const postgresPid = (await localDsqlStatus(stateDir))?.postgresPid ?? 0;
  const far = await openDelay({ host: '127.0.0.1', port }, roundTripMs);
  const open = (at: number, maxConnections: number): Sql =>
    connect(
      { hostname, port: at, region, user, ca, database: 'postgres' },
      { maxConnections, credentials: hold.credentials },
    );
  const lines: string[] = [];
  try {
    const sql = open(port, 1);
    const target = {
      sql,
      where: { endpoint: 'local DSQL', user },
      retry: { clock: systemClock, random: Math.random },
      pid: process.pid,
    };
    await ensureServiceTables(target);
    await sql`CREATE TABLE lease_bench (id bigint PRIMARY KEY, note text)`;
    const taken = await takeLease(target, { name: runId, holder: runId, runId, seconds: 3_600 });
    if ('heldBy' in taken) throw new Error('The lease is held.');
    const ways: Readonly<Record<Way, WriteEntry>> = {
      with: (transaction, batch) => writeLedgerEntry(transaction, taken.lease, runId, entryOf(batch)),
      without: (transaction, batch) => transaction`
        INSERT INTO public.etl_load_ledger (run_id, chunk, batch, rows_loaded, rows_inserted, rows_updated, rows_rejected)
        SELECT ${runId}::text, ${0}::integer, ${batch}::text, ${1}::integer, ${1}::integer, ${0}::integer, ${0}::integer`,
    };
    const cpu = (): number => processorSeconds([pid, postgresPid]);
    for (const [way, at] of [
      ['none added', port],
      [`${roundTripMs} ms added`, far.port],
    ] as const) {
      for (const connections of [1, Number(options.connections)]) {
        const figures = await compare(open(at, connections), ways, {
          connections,
          cpu,
          rounds: Number(options.rounds),
          rows: Number(options.rows),
          transactions: Number(options.transactions),
        });
        lines.push(`| ${way}, ${connections} at a time | ${told(figures, 'ms')} | ${told(figures, 'cpuMs')} |`);
      }
    }
    await sql.end({ timeout: 5 });
  } finally {
    await far.close();
    await hold.release();
    rmSync(stateDir, { recursive: true, force: true });
  }
  const report = [
    `Transactions of ${options.rows} rows and a ledger row, ${options.rounds} rounds of ${options.transactions} each way in turn, ${availableParallelism()} cores, local DSQL; medians, without → with the check`,
    '',
    '| round trip | ms a transaction | processor ms of the local DSQL a transaction |',
    '|---|---|---|',
    ...lines,
    '',
  ].join('\n');
  process.stdout.write(`${report}\n`);
  if (options.write) writeResults('npm run bench -- lease --write', report);
}

let rowsWritten = 0;

/** Runs rounds of transactions, each way in turn; ends the pool. */
async function compare(
  sql: Sql,
  ways: Readonly<Record<Way, WriteEntry>>,
  how: {
    readonly connections: number;
    readonly cpu: () => number;
    readonly rounds: number;
    readonly rows: number;
    readonly transactions: number;
  },
): Promise<Readonly<Record<Way, Figures>>> {
  const figures: Readonly<Record<Way, Figures>> = { with: { ms: [], cpuMs: [] }, without: { ms: [], cpuMs: [] } };
  for (let round = -1; round < how.rounds; round += 1) {
    for (const way of ['without', 'with'] as const) {
      let left = how.transactions;
      const before = how.cpu();
      const ms: number[] = [];
      const work = async (): Promise<void> => {
        for (; left > 0; ) {
          left -= 1;
          const from = rowsWritten;
          rowsWritten += how.rows;
          const began = performance.now();
          await sql.begin(async (transaction) => {
            await Promise.all([
              transaction`INSERT INTO lease_bench SELECT i, 'a note of ordinary length' FROM generate_series(${from}::int, ${from + how.rows - 1}::int) i`,
              ways[way](transaction, String(from)),
            ]);
          });
          ms.push(performance.now() - began);
        }
      };
      await Promise.all(Array.from({ length: how.connections }, work));
      // The first round opens connections and plans statements.
      if (round < 0) continue;
      figures[way].ms.push(...ms);
      figures[way].cpuMs.push(((how.cpu() - before) * 1_000) / how.transactions);
    }
  }
  await sql.end({ timeout: 5 });
  return figures;
}

function told({ with: checked, without: unchecked }: Readonly<Record<Way, Figures>>, figure: keyof Figures): string {
  const [before, after] = [median(unchecked[figure]), median(checked[figure])];
  return `${before.toFixed(1)} → ${after.toFixed(1)} (+${(after - before).toFixed(1)})`;
}

function entryOf(batch: string): Parameters<typeof writeLedgerEntry>[3] {
  return { chunk: 0, batch, inserted: 1, updated: 0, unchanged: 0, rejected: 0 };
}
