import { classifyFailure } from '../dsql/failure.ts';
import type { Statements } from '../dsql/sql.ts';
import { runStatement, type Target } from '../dsql/target.ts';
import { NewerStateError } from './errors.ts';
import { leaseEpoch } from './fence.ts';
import { landedObject } from './landed-object.ts';
import { loadLedger } from './ledger.ts';
import { pipelineState } from './pipeline-state.ts';
import { rejectedRow } from './rejected-row.ts';
import { executionLog } from './run-log.ts';
import { addColumnStatement, createStatement, type TableDefinition } from './table-definition.ts';
import { pipelineWatermark } from './watermark.ts';

/** A row for each version that the tables have been brought to. */
const stateVersions = {
  name: 'etl_version',
  columns: {
    version: { type: 'integer' },
    installed_at: { type: 'timestamptz', required: true, default: 'CURRENT_TIMESTAMP' },
  },
  primaryKey: ['version'],
} as const satisfies TableDefinition;

/** The tables the service keeps in the target. */
export const serviceTables: readonly TableDefinition[] = [
  executionLog,
  loadLedger,
  pipelineState,
  leaseEpoch,
  rejectedRow,
  pipelineWatermark,
  landedObject,
  stateVersions,
];

/**
 * Of the tables above. Raised by a release that adds a table or a column; nothing is ever taken away or renamed, so that
 * releases of both versions can work side by side.
 */
export const stateVersion = 4;

/**
 * Makes the service's tables, and the columns that tables of an older release lack, one DDL statement a transaction, and
 * notes the version; one look and no statement more where all is there. Safe to repeat, and for several releases at once.
 *
 * @throws {NewerStateError} terminal: a newer release has made the tables
 * Killed midway: the tables and columns that were made stay; the next call makes the others and notes the version.
 */
export async function ensureServiceTables(target: Target): Promise<void> {
  const { sql } = target;
  const { present, version } = await readPresent(target);
  for (const table of serviceTables) {
    const columns = present.get(table.name);
    const missing = Object.keys(table.columns).filter((column) => columns?.has(column) === false);
    const statements =
      columns === undefined ? [createStatement(table)] : missing.map((column) => addColumnStatement(table, column));
    for (const statement of statements) {
      await runStatement(`Making the table ${table.name}`, target, async () => await sql.unsafe(statement));
    }
  }
  if (version === stateVersion) return;
  await runStatement('Writing the version of the tables', target, async () => {
    await sql`INSERT INTO public.etl_version (version) VALUES (${stateVersion}) ON CONFLICT (version) DO NOTHING`;
  });
}

/**
 * Whether the service's tables are all there, as this release makes them: only then may they be read without
 * `ensureServiceTables`, which would make them.
 *
 * @throws {NewerStateError} terminal: a newer release has made the tables
 */
export async function areServiceTablesReady(target: Target): Promise<boolean> {
  const { present } = await readPresent(target);
  return serviceTables.every((table) =>
    Object.keys(table.columns).every((column) => present.get(table.name)?.has(column) === true),
  );
}

/**
 * The columns that the service's tables have, by the table's name, and the version that they were brought to; 0 where that
 * is not known. In one round trip.
 *
 * @throws {NewerStateError}
 */
async function readPresent(
  target: Target,
): Promise<{ readonly present: ReadonlyMap<string, ReadonlySet<string>>; readonly version: number }> {
  const [present, version] = await runStatement('Reading the catalog', target, () =>
    target.sql.together(async (statements) => await Promise.all([columnsPresent(statements), readVersion(statements)])),
  );
  if (version > stateVersion) throw new NewerStateError(version, stateVersion);
  return { present, version };
}

/**
 * The newest version that any release has brought the tables to; 0 where no table keeps it. Rows are only added, so releases
 * do not overwrite it.
 */
async function readVersion(statements: Statements): Promise<number> {
  try {
    const [row] = await statements<
      { readonly version: string | null }[]
    >`SELECT max(version) AS version FROM public.etl_version`;
    return Number(row?.version ?? 0);
  } catch (error) {
    if (classifyFailure(error).code !== undefinedTable) throw error;
    return 0;
  }
}

/** What PostgreSQL says of a table that is not there. */
const undefinedTable = '42P01';

/** The columns that the service's tables have, by the table's name. */
async function columnsPresent(statements: Statements): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const names = `{${serviceTables.map(({ name }) => name).join(',')}}`;
  const rows = await statements<{ readonly relname: string; readonly attname: string }[]>`
    SELECT c.relname, a.attname FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname = ANY(${names}::text[])
       AND a.attnum > 0 AND NOT a.attisdropped`;
  const columns = new Map<string, Set<string>>();
  for (const { attname, relname } of rows) columns.set(relname, (columns.get(relname) ?? new Set()).add(attname));
  return columns;
}
