import { canonical, declaredType, type ModelType } from './column-types.ts';
import type { Scenario } from './scenario.ts';
import { type ServiceNames, serviceNames } from './service-columns.ts';

/** Values by column in their canonical writing; null is no value. A column that is missing has none either. */
export type ModelValues = Readonly<Record<string, string | null>>;

/** What the database gave the row besides, as the last look at the table found it. */
export interface RowStamp {
  readonly uuid: string;
  readonly created: string;
  readonly updated: string;
}

export interface ModelRow {
  readonly values: ModelValues;
  /** What the row is: its key, or its source's content and its place there. */
  readonly origin: string;
  /** The content that it was last loaded from. */
  readonly content: string;
  readonly change: 'none' | 'inserted' | 'updated';
  readonly stamp?: RowStamp | undefined;
}

/** A table as it must be. */
export interface ModelTable {
  /** Tells a table from the one of the same name before it. */
  readonly made: number;
  readonly ours: boolean;
  readonly service: ServiceNames;
  readonly columns: ReadonlyMap<string, ModelType>;
  readonly rows: readonly ModelRow[];
}

/** A load that succeeded. */
export interface Loaded {
  readonly content: string;
  readonly plan: string;
  readonly made: number;
}

/** How far an incremental source has been read. */
interface Watermark {
  readonly made: number;
  /** The greatest value of `changed`. */
  readonly value: string;
  /** The rows that had it, by their key or else their content. */
  readonly rows: ReadonlySet<string>;
}

/** All that a run may depend on. */
export interface ModelState {
  readonly tables: ReadonlyMap<string, ModelTable>;
  /** Successes by table, the last one last. */
  readonly loads: ReadonlyMap<string, readonly Loaded[]>;
  /** Of incremental sources, by table: the greatest `changed`, and the table it belongs to. */
  readonly watermarks: ReadonlyMap<string, Watermark>;
  /** How many tables there have been. */
  readonly made: number;
}

export function emptyState({ foreign }: Scenario): ModelState {
  const tables = new Map<string, ModelTable>();
  if (foreign !== undefined) {
    const columns = new Map(Object.entries(foreign.types).map(([name, type]) => [name, declaredType(type)]));
    const rows = foreign.rows.map((row): ModelRow => {
      const values = Object.fromEntries([...columns].map(([name, type]) => [name, canonical(type, row[name] ?? '')]));
      return { values, origin: JSON.stringify([values.id]), content: '', change: 'none' };
    });
    tables.set('a', { made: 1, ours: false, service: serviceNames([...columns.keys()]), columns, rows });
  }
  return { tables, loads: new Map(), watermarks: new Map(), made: 1 };
}

/** The state after somebody has dropped or renamed the table. */
export function withoutTable(state: ModelState, table: string): ModelState {
  const tables = new Map(state.tables);
  tables.delete(table);
  return { ...state, tables };
}
