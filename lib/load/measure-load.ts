import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { quoteName } from '../duckdb/quote.ts';
import type { Column, Plan } from '../manifest.ts';
import type { ChunkRelation } from '../transform-result.ts';
import { countBatches } from './cut-chunk.ts';

/** How much a load writes, when every clean row is written. */
export interface LoadSize {
  readonly rows: number;
  /** Bytes of a row in storage, on average. */
  readonly row_bytes: number;
  /** Transactions that write them. */
  readonly transactions: number;
  readonly chunks: number;
  /** Rows of which the other numbers were measured; of the rest they are taken to be alike. */
  readonly measured_rows: number;
}

/** Bytes of a value of fixed size, by the beginning of the type's name; of other types the text is measured. */
const fixedSizes: readonly (readonly [string, number])[] = [
  ['smallint', 2],
  ['integer', 4],
  ['bigint', 8],
  ['real', 4],
  ['double', 8],
  ['boolean', 1],
  ['date', 4],
  ['timestamp', 8],
  ['time', 8],
  ['uuid', 16],
];

/** Bytes of a row besides its values: PostgreSQL's header of a tuple with its pointer, and the times of creation and change. */
const rowOverheadBytes = 24 + 4 + 16;

/**
 * Measures rows and transactions of a load from its chunks, all or some, by cutting them as the load does.
 *
 * @param chunks  of the plan; rows lie in them by their ids, so the first is like the others
 */
export async function measureLoad(
  session: DuckDbSession,
  plan: Plan,
  chunks: readonly ChunkRelation[],
  batchRows: number,
): Promise<LoadSize> {
  let [rows, bytes, transactions] = [0, 0, 0];
  for (const chunk of chunks) {
    const [sum] = await session.rows(`SELECT sum(${bytesOf(plan.columns)})::BIGINT AS bytes FROM ${chunk.relation}`);
    bytes += Number(sum?.bytes ?? 0);
    rows += chunk.rows;
    transactions += await countBatches(session, chunk, plan.columns, batchRows);
  }
  const whole = plan.counts.rows_clean;
  return {
    rows: whole,
    row_bytes: rows === 0 ? 0 : Math.ceil(bytes / rows),
    transactions: rows === 0 ? 0 : rows === whole ? transactions : Math.ceil((transactions * whole) / rows),
    chunks: plan.chunks.length,
    measured_rows: rows,
  };
}

function bytesOf(columns: readonly Column[]): string {
  const fixed = columns.reduce((sum, { type }) => sum + (fixedSize(type) ?? 0), rowOverheadBytes);
  const texts = columns
    .filter(({ type }) => fixedSize(type) === undefined)
    .map(({ name }) => `coalesce(strlen(CAST(${quoteName(name)} AS VARCHAR)) + 1, 0)`);
  return [String(fixed), ...texts].join(' + ');
}

function fixedSize(type: string): number | undefined {
  return fixedSizes.find(([name]) => type.startsWith(name))?.[1];
}
