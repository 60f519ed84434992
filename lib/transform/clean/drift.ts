import { loadModeTraits } from '../../config/load-mode.ts';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { stampColumns, stampName } from '../../service-columns.ts';
import { SourceDriftError } from '../errors.ts';
import { findColumn } from '../find-column.ts';
import { placeOf } from '../read/raw-rows.ts';
import type { TargetColumn, TransformRequest } from '../request.ts';
import { workingRelation } from '../result/working-file.ts';
import type { FinalColumn } from './final-columns.ts';
import type { CleanedSource } from './one-pass.ts';

/** Whether a table of the service has the column besides those of its source. */
function isOwn(name: string, inTable: ReadonlySet<string>): boolean {
  return name === 'uuid_id' || stampColumns.some((stamp) => stampName(stamp, inTable) === name);
}

/** How the columns of a source differ from the table and from `columns`. */
export interface ColumnDrift {
  /** Columns that neither the table nor `columns` has, and that no rule makes. */
  readonly added: readonly FinalColumn[];
  /** Columns that the table has and the source has not. */
  readonly missing: readonly TargetColumn[];
}

/** Whether the rows that are there lose their values of a column that the source does not have. */
function isCleared({ load_mode }: TransformRequest['settings'], { hasDefault, nullable }: TargetColumn): boolean {
  return loadModeTraits[load_mode].clearsMissingColumns && nullable && !hasDefault;
}

/** Compares the columns. There is no drift where the source has told no columns, or there is nothing to compare with. */
export function columnDrift(
  { settings, targetColumns }: Pick<TransformRequest, 'settings' | 'targetColumns'>,
  columns: readonly FinalColumn[],
): ColumnDrift {
  const declared = Object.keys(settings.columns);
  if (columns.length === 0 || (targetColumns === undefined && declared.length === 0)) return { added: [], missing: [] };
  const isDeclared = (column: FinalColumn): boolean =>
    declared.some((name) => findColumn([column], name) !== undefined);
  const inTable = new Set(targetColumns?.map((column) => column.name));
  // Without a table the contract is what `columns` says; it need not be complete.
  const added = columns.filter((column) => column.ofSource && !inTable.has(column.name) && !isDeclared(column));
  const names = new Set(columns.map((column) => column.name));
  const gone = (targetColumns ?? []).filter((column) => !names.has(column.name));
  // A table that someone else made may have columns that no source fills; they matter where they lose their values.
  const missing = inTable.has('uuid_id')
    ? gone.filter((column) => !isOwn(column.name, inTable))
    : gone.filter((column) => isCleared(settings, column));
  return { added, missing };
}

/**
 * Says how the source differs from the table, one sentence for each column.
 *
 * @throws {SourceDriftError} where the configuration does not allow it
 */
export async function describeDrift(
  request: Pick<TransformRequest, 'settings' | 'targetColumns'>,
  session: DuckDbSession,
  source: CleanedSource,
  workingPath: string,
): Promise<readonly string[]> {
  const { settings, targetColumns } = request;
  const { added, missing } = columnDrift(request, source.columns);
  const said: string[] = [];
  for (const column of added) {
    const [found] = await session.rows(
      `SELECT count(${column.id}) AS n, min(o) FILTER (WHERE ${column.id} IS NOT NULL) AS o FROM ${workingRelation(workingPath)}`,
    );
    const rows = Number(found?.n);
    if (rows === 0) continue;
    const place = placeOf(source.raw.parts, Number(found?.o));
    const drift = `the source has a new column ${column.name} with values in ${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'} (first: ${place.source}, row ${place.line})`;
    if (settings.on_new_column === 'fail') {
      throw new SourceDriftError({ pipeline: settings.name, setting: 'on_new_column', drift: `${drift}.` });
    }
    const done = settings.on_new_column === 'ignore' ? 'is left out' : `is added as ${column.type.pg}`;
    if (targetColumns !== undefined || settings.on_new_column === 'ignore') said.push(`${capital(drift)}; it ${done}.`);
  }
  for (const column of missing) {
    const drift = `the source has no column ${column.name}, which the table has`;
    if (settings.on_missing_column === 'fail') {
      throw new SourceDriftError({ pipeline: settings.name, setting: 'on_missing_column', drift: `${drift}.` });
    }
    const then = isCleared(settings, column)
      ? `${settings.load_mode} leaves it without a value in every row.`
      : 'rows that exist keep their values, new ones have none.';
    said.push(`${capital(drift)}; ${then}`);
  }
  return said;
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
