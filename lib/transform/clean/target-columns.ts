import type { ClosestType, Column } from '../../manifest.ts';
import type { TransformRequest } from '../request.ts';
import type { WorkingColumn } from '../result/working-file.ts';
import { columnDrift } from './drift.ts';
import type { FinalColumn } from './final-columns.ts';
import { type NamedColumns, resolveColumns } from './named-columns.ts';
import { type SourceColumns, sourceColumns } from './source-columns.ts';

/** Which columns go into the target, and which of them settings name. */
export interface TargetColumns {
  /** In the order of the target, without those of the service. */
  readonly kept: readonly FinalColumn[];
  /** As the manifest says them. */
  readonly columns: readonly Column[];
  readonly named: NamedColumns;
  /** Those that make the key, in its order. */
  readonly keys: readonly FinalColumn[];
  readonly latestBy: FinalColumn | undefined;
}

/**
 * @param closest  why text columns are no narrower type, by column of the raw rows
 * @throws {UnknownColumnError | RepeatedColumnError} where a setting names no column, or one twice
 */
export function targetColumns(
  request: TransformRequest,
  source: { readonly columns: readonly FinalColumn[]; readonly names: readonly string[] },
  closest: ReadonlyMap<number, ClosestType>,
): TargetColumns {
  const { settings } = request;
  const { added } = columnDrift(request, source.columns);
  const kept = source.columns.filter(
    (column) => !column.drop && (settings.on_new_column !== 'ignore' || !added.includes(column)),
  );
  const columns = manifestColumns(kept, sourceColumns(request, source.names), closest);
  const named = resolveColumns(settings, kept, serviceColumnsOf(columns));
  const [latestBy] = named.latest_by === undefined ? [] : columnsOf(source.columns, [named.latest_by]);
  return { kept, columns, named, keys: columnsOf(source.columns, named.key_columns), latestBy };
}

/** An index of a column that the table does not have yet is left to the run that makes the column. */
export function withoutUndecided(
  { indexes, key_columns, latest_by }: NamedColumns,
  columns: readonly FinalColumn[],
): NamedColumns {
  const undecided = new Set(columns.filter((column) => column.undecided).map((column) => column.name));
  return {
    key_columns,
    latest_by: latest_by !== undefined && undecided.has(latest_by) ? undefined : latest_by,
    indexes: indexes.filter((index) => !index.columns.some((name) => undecided.has(name))),
  };
}

/** The working columns of these names, without those that the service adds. */
function columnsOf(columns: readonly FinalColumn[], names: readonly string[]): readonly FinalColumn[] {
  return names.flatMap((name) => columns.find((column) => column.name === name) ?? []);
}

/** The column as it stands in working files. */
export function workingColumn({ duckType, id, name }: FinalColumn): WorkingColumn {
  return { id, name, duckType };
}

function manifestColumns(
  columns: readonly FinalColumn[],
  { extractedAt, id }: Pick<SourceColumns, 'extractedAt' | 'id'>,
  closest: ReadonlyMap<number, ClosestType>,
): Column[] {
  return [
    { name: id, type: 'uuid' },
    ...columns.map(({ index, name, sourceName, type, evidence, undecided }) => ({
      name,
      type: type.pg,
      ...(sourceName === undefined || sourceName === name ? {} : { source_name: sourceName }),
      evidence,
      ...(undecided ? { undecided } : {}),
      ...(index !== undefined && closest.has(index) ? { closest: closest.get(index) } : {}),
    })),
    { name: extractedAt, type: 'timestamptz' },
  ];
}

/** Names of the columns that the service adds: the first and the last one. */
function serviceColumnsOf(columns: readonly Column[]): readonly string[] {
  return [columns.at(0), columns.at(-1)].flatMap((column) => column?.name ?? []);
}
