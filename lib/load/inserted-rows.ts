import { arrayLiteral } from '../dsql/array-literal.ts';
import { quoteIdentifier, quoteTable } from '../dsql/identifier.ts';
import { withRetries } from '../dsql/retry.ts';
import type { Target } from '../dsql/target.ts';
import { maxTransactionRows } from '../limits.ts';
import { stampName } from '../service-columns.ts';
import { sideBySide } from '../side-by-side.ts';
import { type Fence, fenced } from '../state/fence.ts';
import type { CommittedBatch } from '../state/ledger.ts';
import type { TargetTable } from './target-table.ts';

/*
 * Which rows a batch has inserted into a table of ours: those that have the time of its ledger row as the time at which
 * they were made, for both are the time of the one transaction.
 */

/** Batches whose rows are looked up in one pass over the table, which has no index on the time. */
const batchesAPass = 100;

/** The columns that hold a row's id, when the service made a row and when it last changed it, as this table names them. */
export interface Stamps {
  readonly created: string;
  /** Undefined where the table has none. */
  readonly updated: string | undefined;
  /** The rows' ids. */
  readonly id: string;
}

/** The columns by which a run's rows are found; undefined where rows cannot be told: the table is not ours, or is changed. */
export function stampsOf(table: TargetTable): Stamps | undefined {
  const names = new Set(table.columns.map(({ name }) => name));
  const filled = (name: string): boolean => table.columns.some((one) => one.name === name && one.hasDefault);
  const created = stampName('created_at', names);
  const updated = stampName('updated_at', names);
  if (table.idColumn === undefined || !filled(created)) return undefined;
  return { id: quoteIdentifier(table.idColumn), created, updated: filled(updated) ? updated : undefined };
}

/** What is in the table of the rows that some batches have inserted. */
export interface Found {
  readonly rows: number;
  /** Of them those that have been changed since. */
  readonly changed: number;
  /** Each time has exactly the rows that the batches of that time inserted. */
  readonly exact: boolean;
}

/** Counts what batches have inserted and the table still has. One pass over the table. */
export async function findInserted(
  { retry, sql }: Pick<Target, 'sql' | 'retry'>,
  table: TargetTable,
  stamps: Stamps,
  batches: readonly CommittedBatch[],
): Promise<Found> {
  const changed = stamps.updated === undefined ? 'false' : `${stamps.updated} <> ${stamps.created}`;
  const found = await withRetries(
    'Counting the rows of an earlier run',
    retry,
    async () =>
      await sql.unsafe<{ readonly at: string; readonly n: string; readonly changed: string }[]>(
        `SELECT ${stamps.created}::text AS at, count(*) AS n, count(*) FILTER (WHERE ${changed}) AS changed
           FROM ${quoteTable(table.name)} WHERE ${stamps.created} IN (SELECT unnest($1::timestamptz[])) GROUP BY 1`,
        [arrayLiteral([...new Set(batches.map(({ at }) => at))])],
      ),
  );
  const counts = new Map(found.map(({ at, n }) => [at, Number(n)]));
  const expected = new Map<string, number>();
  for (const { at, inserted } of batches) expected.set(at, (expected.get(at) ?? 0) + inserted);
  return {
    rows: found.reduce((sum, { n }) => sum + Number(n), 0),
    changed: found.reduce((sum, row) => sum + Number(row.changed), 0),
    exact: [...expected].every(([at, inserted]) => (counts.get(at) ?? 0) === inserted),
  };
}

export interface DeleteInserted {
  readonly target: Pick<Target, 'sql' | 'retry'>;
  readonly fence: Fence;
  readonly table: TargetTable;
  readonly stamps: Stamps;
  readonly batches: readonly CommittedBatch[];
  /** Transactions in flight at once; 1 when left out. */
  readonly connections?: number | undefined;
  readonly onProgress?: ((batches: number, of: number) => void) | undefined;
}

/** Rows of one transaction with the batches that they empty. */
interface Piece {
  readonly batches: readonly CommittedBatch[];
  readonly ids: readonly string[];
}

/**
 * Deletes what batches have inserted, by the rows' primary key, each batch in one transaction with its row of the ledger;
 * small batches share a transaction, of 3,000 rows at most.
 *
 * @returns rows deleted by this call
 * @throws {LeaseLostError} terminal: the rest is not deleted
 * Killed midway: some batches and their rows of the ledger are gone; a repeat with those still in the ledger deletes the others.
 */
export async function deleteInserted(request: DeleteInserted): Promise<number> {
  const { batches, onProgress } = request;
  let deleted = 0;
  let done = 0;
  for (let from = 0; from < batches.length; from += batchesAPass) {
    const pieces = piecesOf(await idsByTime(request, batches.slice(from, from + batchesAPass)));
    let next = 0;
    await sideBySide(Math.min(request.connections ?? 1, pieces.length), async (failed) => {
      while (!failed()) {
        const piece = pieces[next];
        next += 1;
        if (piece === undefined) return;
        deleted += await deletePiece(request, piece);
        done += piece.batches.length;
        onProgress?.(done, batches.length);
      }
    });
  }
  return deleted;
}

/** The batches of each time with the keys of the time's rows. */
async function idsByTime(
  { stamps, table, target }: DeleteInserted,
  batches: readonly CommittedBatch[],
): Promise<readonly Piece[]> {
  const times = new Map<string, { batches: CommittedBatch[]; ids: string[] }>();
  for (const batch of batches) {
    const time = times.get(batch.at) ?? { batches: [], ids: [] };
    time.batches.push(batch);
    times.set(batch.at, time);
  }
  const rows = await withRetries(
    'Finding the rows of an earlier run',
    target.retry,
    async () =>
      await target.sql.unsafe<{ readonly id: string; readonly at: string }[]>(
        `SELECT ${stamps.id} AS id, ${stamps.created}::text AS at FROM ${quoteTable(table.name)}
          WHERE ${stamps.created} IN (SELECT unnest($1::timestamptz[]))`,
        [arrayLiteral([...times.keys()])],
      ),
  );
  for (const { at, id } of rows) times.get(at)?.ids.push(id);
  return [...times.values()];
}

/** As many batches in a transaction as fit; a batch and its ledger row always do. */
function piecesOf(times: readonly Piece[]): readonly Piece[] {
  const pieces: { batches: CommittedBatch[]; ids: string[] }[] = [];
  let rows = maxTransactionRows;
  for (const { batches, ids } of times) {
    const size = ids.length + batches.length;
    if (rows + size > maxTransactionRows) {
      pieces.push({ batches: [], ids: [] });
      rows = 0;
    }
    pieces.at(-1)?.batches.push(...batches);
    pieces.at(-1)?.ids.push(...ids);
    rows += size;
  }
  return pieces;
}

async function deletePiece({ fence, stamps, table, target }: DeleteInserted, piece: Piece): Promise<number> {
  return await fenced('Taking back a batch', target, fence, async (transaction) => {
    const times = arrayLiteral([...new Set(piece.batches.map(({ at }) => at))]);
    const [gone] = await Promise.all([
      transaction.unsafe(
        `DELETE FROM ${quoteTable(table.name)}
          WHERE ${stamps.id} IN (SELECT unnest($1::uuid[])) AND ${stamps.created} IN (SELECT unnest($2::timestamptz[]))`,
        [arrayLiteral(piece.ids), times],
        { prepare: true },
      ),
      transaction`
        DELETE FROM public.etl_load_ledger
         WHERE (run_id, chunk, batch) IN (
           SELECT * FROM unnest(${arrayLiteral(piece.batches.map(({ runId }) => runId))}::text[],
                                ${arrayLiteral(piece.batches.map(({ chunk }) => String(chunk)))}::integer[],
                                ${arrayLiteral(piece.batches.map(({ batch }) => batch))}::text[]))`,
    ]);
    return gone.count ?? 0;
  });
}
