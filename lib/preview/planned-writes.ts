import type { LoadMode } from '../config/load-mode.ts';
import type { Statements } from '../dsql/sql.ts';
import { runStatement, type Target } from '../dsql/target.ts';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { renderArrays } from '../load/batch.ts';
import { withSession } from '../load/chunk-session.ts';
import { compareUpsert, countPresentStatement } from '../load/comparison.ts';
import { writtenColumns } from '../load/define-table.ts';
import { identityOf } from '../load/identity.ts';
import { wholePiece } from '../load/key-pieces.ts';
import { clearedColumns, loadModes } from '../load/load-modes.ts';
import { missingPages } from '../load/missing-keys.ts';
import { countKeyless } from '../load/replace.ts';
import { type TargetTable, tableText } from '../load/target-table.ts';
import type { Column, Plan } from '../manifest.ts';
import { idColumn } from '../service-columns.ts';
import type { ChunkReader, ChunkRelation } from '../transform-result.ts';
import type { PlannedWrites, RowChange } from './preview.ts';

export interface PlannedWritesRequest {
  readonly target: Target;
  readonly pipelineName: string;
  readonly scratchDir: string;
  readonly plan: Plan;
  readonly reader: ChunkReader;
  readonly loadMode: LoadMode;
  readonly keyColumns: readonly string[];
  readonly latestBy?: string | undefined;
  readonly batchRows: number;
  /** As it is now; undefined where there is none. */
  readonly present: TargetTable | undefined;
  /** As it would be when the statements have run. */
  readonly defined: TargetTable;
  /** Rows of this content are in the table, under the ids that they would have again. */
  readonly repeated: boolean;
  /** The chunks are all rows of the source, so that what they lack would be deleted. */
  readonly complete: boolean;
}

/** Rows that are shown before and after, and keys of rows that would be deleted. */
const shownRows = 5;

/**
 * Computes what writing clean rows would do to a table, by the statements that compare in place of those that write: the
 * rows go to the database in batches as large as those of a load, each read in a transaction that writes nothing.
 *
 * What constraints of somebody else's table would refuse is not known before.
 */
export async function plannedWrites(request: PlannedWritesRequest): Promise<PlannedWrites> {
  const { defined, loadMode, plan, present, reader } = request;
  const columns = writtenColumns(defined, plan.columns);
  if (present === undefined) return { ...nothing, rows_inserted: plan.counts.rows_clean };
  return await withSession(request, reader, async (session) => {
    const chunks: ChunkRelation[] = [];
    for (const number of plan.chunks.keys()) chunks.push(await reader.chunk(number));
    const rows = { session, chunks, columns, present };
    const { deletesMissing, needsUniqueKey } = loadModes[loadMode];
    const written = needsUniqueKey || request.repeated ? await upserted(request, rows) : await added(request, rows);
    if (!deletesMissing) return written;
    return { ...written, ...(await deleted(request, rows)) };
  });
}

const nothing: PlannedWrites = {
  rows_inserted: 0,
  rows_updated: 0,
  rows_unchanged: 0,
  rows_rejected: 0,
  rows_deleted: 0,
  updates: [],
  deletions: [],
  unknown: [],
};

interface Rows {
  readonly session: DuckDbSession;
  readonly chunks: readonly ChunkRelation[];
  readonly columns: readonly Column[];
  readonly present: TargetTable;
}

/** Rows known by their key, or by their derived id: those that differ would be updated. */
async function upserted(request: PlannedWritesRequest, rows: Rows): Promise<PlannedWrites> {
  const { columns, present } = rows;
  const keys = request.keyColumns.length === 0 ? [present.idColumn ?? idColumn] : request.keyColumns;
  const { compared, counts, examples } = compareUpsert(present, columns, {
    keyColumns: keys,
    latestBy: request.latestBy,
    cleared: loadModes[request.loadMode].deletesMissing ? clearedColumns(present, columns) : [],
  });
  let [absent, changed, same] = [0, 0, 0];
  const updates: RowChange[] = [];
  for await (const arrays of batchesOf(request, rows)) {
    const [row] = await read(request, (sql) =>
      sql.unsafe<{ absent: string; changed: string; same: string }[]>(counts, arrays, { prepare: true }),
    );
    absent += Number(row?.absent);
    changed += Number(row?.changed);
    same += Number(row?.same);
    if (Number(row?.changed) === 0 || updates.length >= shownRows) continue;
    const found = await read(request, (sql) =>
      sql.unsafe<Record<string, string | null>[]>(examples, [...arrays, shownRows - updates.length]),
    );
    updates.push(...found.map((one) => changeOf(one, keys, compared)));
  }
  const constraints = request.present?.ours === true ? [] : foreignConstraints(present, keys, columns);
  return {
    ...nothing,
    rows_inserted: absent,
    rows_updated: changed,
    rows_unchanged: same,
    updates,
    unknown: constraints,
  };
}

/** Every row is a new one; one whose key is in the table is refused, or is the same row of the same source again. */
async function added(request: PlannedWritesRequest, rows: Rows): Promise<PlannedWrites> {
  const { columns, present } = rows;
  const names = new Set(columns.map((column) => column.name));
  const keys =
    present.idColumn !== undefined
      ? [[present.idColumn]]
      : present.uniqueKeys.filter((key) => key.every((name) => names.has(name)));
  let found = 0;
  if (keys.length > 0) {
    const text = countPresentStatement(present, columns, keys);
    for await (const arrays of batchesOf(request, rows)) {
      const [row] = await read(request, (sql) => sql.unsafe<{ present: string }[]>(text, arrays, { prepare: true }));
      found += Number(row?.present);
    }
  }
  const isRefused = !present.ours || request.keyColumns.length > 0;
  return {
    ...nothing,
    rows_inserted: request.plan.counts.rows_clean - found,
    rows_unchanged: isRefused ? 0 : found,
    rows_rejected: isRefused ? found : 0,
    unknown: present.ours ? [] : foreignConstraints(present, request.keyColumns, columns),
  };
}

/** Rows of the table that no chunk has. */
async function deleted(
  request: PlannedWritesRequest,
  { chunks, present, session }: Rows,
): Promise<Pick<PlannedWrites, 'deletions' | 'rows_deleted'>> {
  const identity = identityOf(present, request.keyColumns);
  if (!request.complete || identity.length === 0) return { deletions: [], rows_deleted: null };
  const deletions: Record<string, string>[] = [];
  const table = { target: request.target, table: present, identity };
  let rows = await countKeyless(table);
  for await (const { missing } of missingPages({ ...table, session, piece: wholePiece(chunks) })) {
    rows += missing.length;
    for (const key of missing.slice(0, shownRows - deletions.length)) {
      deletions.push(Object.fromEntries(identity.map((name, index) => [name, key[index] ?? ''])));
    }
  }
  return { deletions, rows_deleted: rows };
}

async function* batchesOf(
  { batchRows, plan }: PlannedWritesRequest,
  { chunks, columns, session }: Rows,
): AsyncGenerator<readonly string[]> {
  for (const chunk of chunks) {
    for await (const group of renderArrays(session, chunk, columns, batchRows, plan.columns)) {
      for (const batch of group) yield batch.arrays;
    }
  }
}

async function read<T>({ target }: PlannedWritesRequest, work: (sql: Statements) => Promise<T>): Promise<T> {
  return await runStatement('Comparing with the table', target, () => work(target.sql));
}

function changeOf(
  row: Readonly<Record<string, string | null>>,
  keys: readonly string[],
  compared: readonly string[],
): RowChange {
  const value = (name: string): string | null => row[name] ?? null;
  const differing = compared.flatMap((name, index) => {
    const change = { before: value(`b${index}`), after: value(`a${index}`) };
    return change.before === change.after ? [] : [[name, change] as const];
  });
  return {
    key: Object.fromEntries(keys.map((name, index) => [name, value(`k${index}`)])),
    columns: Object.fromEntries(differing),
  };
}

/** What somebody else's table may refuse that no comparison tells. */
function foreignConstraints(
  table: TargetTable,
  keys: readonly string[],
  columns: readonly Column[],
): readonly string[] {
  const names = new Set(columns.map((column) => column.name));
  const others = table.uniqueKeys.filter(
    (key) => key.every((name) => names.has(name)) && [...key].sort().join('\0') !== [...keys].sort().join('\0'),
  );
  const unique =
    others.length === 0
      ? []
      : [
          `Whether rows of the source meet each other in the unique key (${others.map((key) => key.join(', ')).join('), (')}).`,
        ];
  return [...unique, `Whether other constraints of ${tableText(table.name)} refuse rows.`];
}
