import { cleanName } from '../../cleaned-name.ts';
import { loadModeTraits } from '../../config/load-mode.ts';
import { isServiceName, stampColumns, stampName } from '../../service-columns.ts';
import { SourceDriftError } from '../errors.ts';
import { findColumn } from '../find-column.ts';
import { columnType } from '../infer/column-type.ts';
import { holdsType, otherType } from '../infer/holds-type.ts';
import type { RawRows, RowPlace } from '../read/raw-rows.ts';
import { refuse, type TargetColumn, type TransformRequest } from '../request.ts';
import type { FinalColumn } from './final-columns.ts';
import { sourceColumns } from './source-columns.ts';

/** Whether a table of the service has the column besides those of its source. */
function isOwn({ isId, name }: TargetColumn, inTable: ReadonlySet<string>): boolean {
  return isId === true || stampColumns.some((stamp) => stampName(stamp, inTable) === name);
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
  const names = new Set(columns.flatMap((column) => (column.drop ? [] : [column.name])));
  const gone = (targetColumns ?? []).filter((column) => !names.has(column.name));
  // A table that someone else made may have columns that no source fills; they matter where they lose their values.
  const missing = targetColumns?.some(({ isId }) => isId)
    ? gone.filter((column) => !isOwn(column, inTable))
    : gone.filter((column) => isCleared(settings, column));
  return { added, missing };
}

/** What drift is told of. */
export interface DriftSource {
  readonly raw: Pick<RawRows, 'columns'>;
  readonly columns: readonly FinalColumn[];
}

/** How many rows have a value in a column, and the place of the first. */
export interface FilledRows {
  readonly rows: number;
  readonly first: RowPlace | undefined;
}

/**
 * Says how the source differs from the table and from the configuration, one sentence for each column.
 *
 * @param filled  asked of columns that are new
 * @throws {SourceDriftError} where the configuration does not allow it
 */
export async function describeDrift(
  request: Pick<TransformRequest, 'onRefusal' | 'settings' | 'targetColumns'>,
  source: DriftSource,
  filled: (column: FinalColumn) => Promise<FilledRows>,
): Promise<readonly string[]> {
  const { added, missing } = columnDrift(request, source.columns);
  const said: string[] = [];
  for (const column of added) said.push(...describeAdded(request, column, await filled(column)));
  const { absent, leftOut } = sourceColumns(
    request,
    source.raw.columns.map(({ sourceName }) => sourceName),
  );
  const notLoaded = [...leftOut, ...source.columns.filter((column) => column.drop)];
  for (const column of missing) {
    const isMeant = findColumn(notLoaded, column.name) !== undefined;
    said.push(describeMissing(request, column, isMeant));
  }
  for (const { setting, name } of absent) {
    const drift = `${setting} names the column ${name}, which the source does not have`;
    failOnMissing(request, drift);
    said.push(`${capital(drift)}.`);
  }
  for (const { sourceName } of source.raw.columns.filter((column) => column.absent === true)) {
    const drift = `the source has no column ${sourceName}, which the table has`;
    failOnMissing(request, drift);
    said.push(`${capital(drift)}; each row gets its default.`);
  }
  return [...said, ...describeRenamed(request, source.columns), ...describeOtherTypes(request, source.columns)];
}

/** Columns of the source that have another name in a table that is made, or get a column, because theirs is the service's. */
function describeRenamed(
  { targetColumns }: Pick<TransformRequest, 'targetColumns'>,
  columns: readonly FinalColumn[],
): readonly string[] {
  const inTable = new Set(targetColumns?.map((column) => column.name));
  return columns.flatMap(({ name, ofSource, sourceName }) => {
    const usual = sourceName === undefined ? name : cleanName(sourceName, 0);
    if (!ofSource || usual === name || inTable.has(name) || !isServiceName(usual)) return [];
    return [`The column ${sourceName} of the source is loaded as ${name}, for ${usual} is a column of the service.`];
  });
}

type DriftRequest = Pick<TransformRequest, 'onRefusal' | 'settings' | 'targetColumns'>;

function describeAdded(request: DriftRequest, column: FinalColumn, { first, rows }: FilledRows): readonly string[] {
  const { settings, targetColumns } = request;
  if (first === undefined) return [];
  const drift = `the source has a new column ${column.name} with values in ${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'} (first: ${first.source}, row ${first.line})`;
  if (settings.on_new_column === 'fail') {
    refuse(request, new SourceDriftError({ pipeline: settings.name, setting: 'on_new_column', drift: `${drift}.` }));
  }
  const done = settings.on_new_column === 'ignore' ? 'is left out' : `is added as ${column.type.pg}`;
  return targetColumns === undefined && settings.on_new_column !== 'ignore' ? [] : [`${capital(drift)}; it ${done}.`];
}

/** @param isMeant  the source has the column, and the configuration leaves it out */
function describeMissing(request: DriftRequest, column: TargetColumn, isMeant: boolean): string {
  const { settings } = request;
  const drift = isMeant
    ? `the configuration leaves out the column ${column.name}, which the table has`
    : `the source has no column ${column.name}, which the table has`;
  if (!isMeant) failOnMissing(request, drift);
  const then = isCleared(settings, column)
    ? `${settings.load_mode} leaves it without a value in every row.`
    : 'rows that exist keep their values, new ones have none.';
  return `${capital(drift)}; ${then}`;
}

function failOnMissing(request: DriftRequest, drift: string): void {
  const { settings } = request;
  if (settings.on_missing_column !== 'fail') return;
  refuse(request, new SourceDriftError({ pipeline: settings.name, setting: 'on_missing_column', drift: `${drift}.` }));
}

/** Contracts that the table keeps with another type than the declared one. */
function describeOtherTypes(
  { settings, targetColumns }: DriftRequest,
  columns: readonly FinalColumn[],
): readonly string[] {
  return Object.entries(settings.columns).flatMap(([key, setting]) => {
    const declared = typeof setting === 'string' ? setting : setting.type;
    const column = findColumn(columns, key);
    const present = targetColumns?.find((one) => one.name === column?.name);
    if (column === undefined || present === undefined || column.index === undefined) return [];
    const wanted = otherType(declared, columnType(present.type));
    if (wanted === undefined || !holdsType(columnType(present.type), wanted)) return [];
    return [
      `columns declares ${column.name} as ${wanted.pg}, and the table has ${present.type}: each value has to fit both.`,
    ];
  });
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
