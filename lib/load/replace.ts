import { arrayLiteral } from '../dsql/array-literal.ts';
import { quoteIdentifier, quoteTable } from '../dsql/identifier.ts';
import { withRetries } from '../dsql/retry.ts';
import type { Target } from '../dsql/target.ts';
import { type Fence, fenced } from '../state/fence.ts';
import { writeDeletion } from '../state/ledger.ts';
import { ShrinkRefusedError } from './errors.ts';
import { type Key, keylessRows, keyTypes, type MissingRequest, missingPages } from './missing-keys.ts';
import { type TargetTable, tableText } from './target-table.ts';

/** Rows deleted in one transaction; cascades count too, so not the 3,000 that DSQL allows. */
const deleteRows = 1_000;

export interface ShrinkCheck {
  readonly table: TargetTable;
  readonly rows: number;
  /** 0 to 1; 0.5: a source of less than half the table's rows is refused. */
  readonly maxShrink: number;
}

/**
 * Refuses a replacement that would take away more of the table than is likely meant. Before anything is written.
 *
 * @throws {ShrinkRefusedError} when the source is empty and the table is not, or shrinks by more than `maxShrink`
 */
export async function checkShrink(target: Target, { maxShrink, rows, table }: ShrinkCheck): Promise<void> {
  const present = await countRows(target, table);
  if (present > 0 && (rows === 0 || rows < present * (1 - maxShrink))) {
    throw new ShrinkRefusedError(tableText(table.name), present, rows, maxShrink);
  }
}

export interface DeleteRequest extends MissingRequest {
  readonly fence: Fence;
  /** Of the run, whose ledger keeps how many rows were deleted. */
  readonly runId: string;
  /** Told when a transaction has committed, and when the rows up to a key are done with. */
  readonly onDeleted?: (rows: number) => void;
  readonly onPage?: (last: Key) => void;
}

/**
 * Deletes the rows of the table's piece that the source does not have, after the source's own rows are in: readers never
 * see an empty table. In transactions of 1,000 rows, each with its row of the ledger.
 *
 * @returns rows deleted by this call
 * Killed midway: some of them are deleted, as the ledger says; a repeat deletes the others.
 */
export async function deleteMissing(request: DeleteRequest): Promise<number> {
  const { identity, onDeleted, onPage } = request;
  const tuple = `(${identity.map(quoteIdentifier).join(', ')})`;
  const arrays = keyTypes(request).map((type, index) => `$${index + 1}::${type.replace(/\(.*\)/, '')}[]`);
  let deleted = 0;
  for await (const { last, missing } of missingPages(request)) {
    for (let from = 0; from < missing.length; from += deleteRows) {
      const group = missing.slice(from, from + deleteRows);
      const rows = await deleteWhere(
        request,
        `${tuple} IN (SELECT * FROM unnest(${arrays.join(', ')}))`,
        identity.map((_, index) => arrayLiteral(group.map((parts) => parts[index] ?? ''))),
      );
      deleted += rows;
      onDeleted?.(rows);
    }
    onPage?.(last);
  }
  return deleted;
}

/** Deletes the rows of the table that have no key, in one transaction. @returns how many */
export async function deleteKeyless(request: Omit<DeleteRequest, 'piece' | 'session'>): Promise<number> {
  const condition = keylessRows(request);
  return condition === undefined ? 0 : await deleteWhere(request, condition, []);
}

/** Deletes rows, and notes in the ledger how many, in one transaction. @returns how many */
async function deleteWhere(
  { fence, runId, table, target }: Pick<DeleteRequest, 'fence' | 'runId' | 'table' | 'target'>,
  condition: string,
  values: readonly string[],
): Promise<number> {
  return await fenced(deleting, target, fence, async (transaction) => {
    const result = await transaction.unsafe(`DELETE FROM ${quoteTable(table.name)} WHERE ${condition}`, values);
    const rows = result.count ?? 0;
    if (rows > 0) await writeDeletion(transaction, runId, rows);
    return rows;
  });
}

/** Counts the rows of the table's piece that the source does not have. */
export async function countMissing(request: MissingRequest): Promise<number> {
  let rows = 0;
  for await (const { missing } of missingPages(request)) rows += missing.length;
  return rows;
}

/** Counts the rows of the table that have no key. */
export async function countKeyless(request: Omit<MissingRequest, 'piece' | 'session'>): Promise<number> {
  const condition = keylessRows(request);
  return condition === undefined ? 0 : await countRows(request.target, request.table, `WHERE ${condition}`);
}

const deleting = 'Deleting rows that the source no longer has';

async function countRows(
  { retry, sql }: Pick<Target, 'retry' | 'sql'>,
  table: TargetTable,
  where = '',
): Promise<number> {
  const [counted] = await withRetries(
    'Counting the rows of the table',
    retry,
    async () =>
      await sql.unsafe<{ readonly n: string }[]>(`SELECT count(*) AS n FROM ${quoteTable(table.name)} ${where}`),
  );
  return Number(counted?.n ?? 0);
}
