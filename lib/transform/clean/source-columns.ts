import { cleanName } from '../../cleaned-name.ts';
import { cleanNames } from '../column-name.ts';
import { RenameCollisionError, RepeatedColumnError } from '../errors.ts';
import { findColumn, unknownColumn } from '../find-column.ts';
import type { TransformRequest } from '../request.ts';
import { madeColumns } from '../rules/made-columns.ts';
import { serviceNames } from '../service-names.ts';

/** A column of the source that is not left out. */
export interface SourceColumn {
  /** Its place among all columns of the source, from 0. */
  readonly index: number;
  readonly sourceName: string;
  /** In the target. */
  readonly name: string;
}

/** Which columns of a source a pipeline takes, and under which names. */
export interface SourceColumns {
  /** In the order of the source. */
  readonly columns: readonly SourceColumn[];
  /** Of the column of the rows' ids. */
  readonly id: string;
  /** Of the column that tells when a row was read. */
  readonly extractedAt: string;
  /** Columns of the source that settings leave out. */
  readonly leftOut: readonly SourceColumn[];
  /** Names that settings leave out and that this source does not have, though a table is there already. */
  readonly absent: readonly { readonly setting: string; readonly name: string }[];
}

/** The settings that choose and name columns. */
type Choice = Pick<TransformRequest, 'settings' | 'targetColumns'>;

/**
 * Chooses the columns by `select` and `exclude`, and names them: by `rename`, by `columns`, else by the names of the
 * source. A source that has told no columns gives none.
 *
 * @throws {UnknownColumnError} where a name means no column of the source; once there is a table, only where it has no
 *   such column either, and never for what is to be left out: the source may lack it today
 * @throws {RenameCollisionError} where a new name belongs to another column
 */
export function sourceColumns(request: Choice, sourceNames: readonly string[]): SourceColumns {
  const { settings, targetColumns } = request;
  const all = namedAlone(sourceNames);
  const absent: SourceColumns['absent'][number][] = [];
  const find = (setting: string, name: string, inTarget: string | undefined): readonly SourceColumn[] => {
    const found = matching(all, name, isNested(settings));
    if (found.length > 0 || all.length === 0) return found;
    if (targetColumns === undefined) throw unknownColumn(settings.name, setting, name, all);
    if (inTarget === undefined) absent.push({ setting, name });
    else if (findColumn(targetColumns, inTarget) === undefined) throw unknownColumn(settings.name, setting, name, all);
    return found;
  };
  const wishes = renames(request);
  const made = madeColumns(settings);
  for (const [name, column] of Object.entries(settings.columns)) {
    if (typeof column !== 'string' && column.drop === true && !made.has(name)) find('columns', name, undefined);
  }
  const newName = (name: string): string => wishes.find((wish) => wish.from === name)?.to ?? name;
  const selected = settings.select?.flatMap((name) => find('select', name, newName(name)));
  const excluded = settings.exclude?.flatMap((name) => find('exclude', name, undefined)) ?? [];
  const kept = (selected === undefined ? all : all.filter((column) => selected.includes(column))).filter(
    (column) => !excluded.includes(column),
  );
  const chosen = chosenNames(request, wishes, kept, all.length === 0);
  const own = kept.filter(({ index }) => !chosen.has(index));
  const { extractedAt, id, taken } = serviceNames(
    own.map(({ sourceName }) => sourceName),
    targetColumns,
  );
  const names = cleanNames(sourceNames, taken, (index) => own.some((column) => column.index === index));
  const columns = kept.map((column) => ({
    ...column,
    name: chosen.get(column.index)?.name ?? names[column.index] ?? '',
  }));
  for (const [index, { name, setting }] of chosen) {
    const { sourceName = '' } = all[index] ?? {};
    const isTaken = taken.includes(name) || columns.some((column) => column.index !== index && column.name === name);
    if (isTaken) throw new RenameCollisionError({ pipeline: settings.name, setting, source: sourceName, name });
  }
  return { columns, id, extractedAt, leftOut: all.filter((column) => !kept.includes(column)), absent };
}

/** New names that the configuration gives, by what it names. */
function renames({
  settings,
}: Choice): readonly { readonly setting: string; readonly from: string; readonly to: string }[] {
  const own = Object.entries(settings.rename).map(([from, to]) => ({ setting: 'rename', from, to }));
  const declared = Object.entries(settings.columns).flatMap(([from, column]) =>
    typeof column === 'string' || column.rename === undefined ? [] : [{ setting: 'columns', from, to: column.rename }],
  );
  return [...own, ...declared];
}

/** The new names by the places of the columns that get them. */
function chosenNames(
  { settings, targetColumns }: Choice,
  wishes: ReturnType<typeof renames>,
  kept: readonly SourceColumn[],
  isUntold: boolean,
): ReadonlyMap<number, { readonly name: string; readonly setting: string }> {
  const chosen = new Map<number, { readonly name: string; readonly setting: string }>();
  for (const { from, setting, to } of wishes) {
    // The setting `rename` has always meant the name of the source alone.
    const column = setting === 'rename' ? kept.find((one) => one.sourceName === from) : findColumn(kept, from);
    if (column === undefined) {
      // Where the table has the column, the source lacks it today, which is said as drift.
      if (isUntold || findColumn(targetColumns ?? [], to) !== undefined) continue;
      throw unknownColumn(settings.name, setting, from, kept);
    }
    if (chosen.has(column.index)) {
      throw new RepeatedColumnError({ pipeline: settings.name, setting, column: column.sourceName });
    }
    chosen.set(column.index, { name: cleanName(to, column.index + 1), setting });
  }
  return chosen;
}

/** The columns by the names that they have before any is left out or renamed. */
function namedAlone(sourceNames: readonly string[]): readonly SourceColumn[] {
  const names = cleanNames(sourceNames, []);
  return sourceNames.map((sourceName, index) => ({ index, sourceName, name: names[index] ?? sourceName }));
}

/** The column of this name; where objects are spread, the name of one means all columns that it became. */
function matching(columns: readonly SourceColumn[], name: string, nested: boolean): readonly SourceColumn[] {
  const column = findColumn(columns, name);
  if (column !== undefined) return [column];
  return nested ? columns.filter(({ sourceName }) => sourceName.startsWith(`${name}.`)) : [];
}

function isNested({ explode, flatten }: TransformRequest['settings']): boolean {
  return explode !== undefined || flatten !== undefined;
}
