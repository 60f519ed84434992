import type { NamedColumn } from '../find-column.ts';

/** A column of what is looked up. */
export interface LookupColumn extends NamedColumn {
  readonly duckType: string;
  /** PostgreSQL's type. */
  readonly type: string;
}

/** What a lookup rule finds its values in. */
export interface LookupTable {
  readonly columns: readonly LookupColumn[];
}

/** The table of the rule of this number, with the keys as texts, the values, and `lookup_hit`, which is true. */
export function lookupTable(rule: number): string {
  return `lookup_${rule}`;
}

/** The column of the key at this place of `on`, from 0. */
export function lookupKey(at: number): string {
  return `lookup_key_${at}`;
}

/** The column of the value at this place of `take`, from 0. */
export function lookupValue(at: number): string {
  return `lookup_value_${at}`;
}

/** Whether a row has a match. */
export const hitColumn = 'lookup_hit';
