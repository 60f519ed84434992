import { createHash } from 'node:crypto';
import { arrayLiteral } from '../dsql/array-literal.ts';
import type { Transaction } from '../dsql/connect.ts';
import type { TableDefinition } from './table-definition.ts';

/** Rows that were not loaded, with the reason. `rejected_id` derives from run and place, so that a repeat adds none. */
export const rejectedRow = {
  name: 'etl_rejected_row',
  columns: {
    rejected_id: { type: 'uuid' },
    run_id: { type: 'text', required: true },
    pipeline_name: { type: 'text', required: true },
    source: { type: 'text' },
    row_number: { type: 'bigint' },
    column_name: { type: 'text' },
    reason: { type: 'text', required: true },
    row: { type: 'jsonb' },
    /** The run that ran the row again, or that made it of no account. */
    replayed_run_id: { type: 'text' },
    rejected_at: { type: 'timestamptz', required: true, default: 'CURRENT_TIMESTAMP' },
    /** Since when nothing has to be done about the row any more, and why. */
    settled_at: { type: 'timestamptz' },
    settled_why: { type: 'text' },
  },
  primaryKey: ['rejected_id'],
} as const satisfies TableDefinition;

export interface RefusedRows {
  readonly runId: string;
  readonly pipelineName: string;
  readonly chunk: number;
  readonly columnName: string | null;
  /** The database's own words. */
  readonly reason: string;
  /** Rows by their number in the chunk, which with run and chunk identifies them, as JSON objects. */
  readonly rows: readonly { readonly row: number; readonly json: string }[];
}

/** Keeps rows that the database refused; the transaction's owner writes the ledger. Safe to repeat. */
export async function insertRefusedRows(transaction: Transaction, refused: RefusedRows): Promise<void> {
  const places = refused.rows.map(({ row }) => `chunk ${refused.chunk} row ${row}`);
  const ids = places.map((place) => uuidOf(`${refused.runId}\n${place}`));
  await transaction`
    INSERT INTO public.etl_rejected_row (rejected_id, run_id, pipeline_name, source, column_name, reason, row)
    SELECT unnest(${arrayLiteral(ids)}::uuid[]), ${refused.runId}, ${refused.pipelineName},
           unnest(${arrayLiteral(places)}::text[]), ${refused.columnName}, ${refused.reason},
           unnest(${arrayLiteral(refused.rows.map(({ json }) => json))}::jsonb[])
    ON CONFLICT (rejected_id) DO NOTHING`;
}

/** Rejected rows of one transaction, as PostgreSQL array literals of the same length. */
export interface RejectedGroup {
  readonly ids: string;
  /** JSON texts of `RejectedRow`. */
  readonly lines: string;
}

/** Keeps rows that the transform rejected; the database takes their JSON apart, so numbers stay exact. Safe to repeat. */
export async function insertRejectedGroup(
  transaction: Transaction,
  run: { readonly runId: string; readonly pipelineName: string },
  { ids, lines }: RejectedGroup,
): Promise<void> {
  await transaction`
    INSERT INTO public.etl_rejected_row
           (rejected_id, run_id, pipeline_name, source, row_number, column_name, reason, row)
    SELECT id, ${run.runId}, ${run.pipelineName}, line->>'source', (line->>'row_number')::bigint,
           line->>'column_name', line->>'reason', line->'row'
      FROM unnest(${ids}::uuid[], ${lines}::jsonb[]) AS given (id, line)
    ON CONFLICT (rejected_id) DO NOTHING`;
}

/** A UUID that derives from a text: the same text, the same id. */
function uuidOf(text: string): string {
  return createHash('md5')
    .update(text)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
