import { nearest } from '../nearest.ts';
import { UnknownColumnError } from './errors.ts';

/** A column as settings can name it. */
export interface NamedColumn {
  /** The name in the target. */
  readonly name: string;
  readonly sourceName?: string | undefined;
}

/** The column of this name: exactly as the source or the target spells it, else whatever the letters' case. */
export function findColumn<T extends NamedColumn>(columns: readonly T[], name: string): T | undefined {
  const folded = name.toLowerCase();
  return (
    columns.find((column) => column.sourceName === name) ??
    columns.find((column) => column.name === name) ??
    columns.find((column) => column.sourceName?.toLowerCase() === folded) ??
    columns.find((column) => column.name.toLowerCase() === folded)
  );
}

/** @returns the error for a setting that names a column which is not there */
export function unknownColumn(
  pipeline: string,
  setting: string,
  column: string,
  columns: readonly NamedColumn[],
  where = 'the source',
): UnknownColumnError {
  const known = [...new Set(columns.flatMap((one) => [one.sourceName ?? one.name, one.name]))];
  return new UnknownColumnError({ pipeline, setting, column, nearest: nearest(column, known), known, where });
}
