import { canonical, fits, type ModelType, typeOfValues } from './column-types.ts';
import type { ModelTable, ModelValues } from './model-state.ts';
import { type Cell, type Scenario, type SourceRow, type Step, textOf } from './scenario.ts';
import { rowsOfRecord, shapedColumns, shapedRows, unknownNames } from './shape.ts';

export interface CleanRow {
  readonly values: ModelValues;
  readonly key: string | undefined;
  readonly place: string;
}

export interface Cleaned {
  /** Of the columns that the source has, by their names in the table. */
  readonly names: readonly string[];
  readonly rows: readonly CleanRow[];
  readonly columns: ReadonlyMap<string, ModelType>;
  readonly filtered: number;
  readonly deduplicated: number;
  /** Keys of rejected rows; undefined where a row's cannot be told. */
  readonly rejected: readonly (string | undefined)[];
  readonly mustFail: readonly string[];
  readonly mayFail: readonly string[];
}

/** What the configuration makes of rows that were read. */
export function cleanRows(
  scenario: Scenario,
  step: Step,
  table: ModelTable | undefined,
  read: readonly SourceRow[],
): Cleaned {
  const { keys, shape } = scenario;
  const seen = new Set<string>();
  let deduplicated = 0;
  const distinct = [...read]
    .map((row, place) => ({ row, place }))
    .sort((a, b) => a.row.file - b.row.file || a.place - b.place)
    .filter(({ row }) => {
      if (row.ragged === true || scenario.keepRepeated === true) return true;
      const writing = JSON.stringify(step.columns.map((column) => row.cells[column] ?? null));
      if (seen.has(writing)) {
        deduplicated += rowsOfRecord(shape, row);
        return false;
      }
      seen.add(writing);
      return true;
    });
  const inTable = table === undefined ? undefined : new Set(table.columns.keys());
  const names = shapedColumns(shape, step.columns, inTable);
  const units = distinct.flatMap(({ place, row }) =>
    shapedRows(shape, row).map((one, element) => ({ row: one, place: `${place}.${element}` })),
  );
  const rowsRead = read.reduce((rows, row) => rows + rowsOfRecord(shape, row), 0);
  // Of a record without an element the other columns tell types all the same.
  const whole = distinct.flatMap(({ row }) =>
    row.ragged === true
      ? []
      : shapedRows(shape === undefined ? shape : { ...shape, exploded: shape.exploded && 'keep' }, row),
  );
  const columns = new Map<string, ModelType>();
  const demands = new Map<string, readonly ModelType[]>();
  const mayFail: string[] = [];
  for (const column of names) {
    const declared = column === shape?.fallback?.column ? 'text' : step.declared?.[column];
    const there = table?.columns.get(column);
    const contract: ModelType | undefined = declared === undefined ? undefined : { kind: declared };
    const cells = whole.flatMap((row) => row?.cells[column] ?? []);
    const type = there ?? contract ?? typeOfValues(cells);
    if (type === undefined) continue;
    if (contract !== undefined && contract.kind !== type.kind) mayFail.push(`${column} is declared otherwise`);
    columns.set(column, type);
    demands.set(column, contract === undefined || there === undefined ? [type] : [type, contract]);
  }
  const gone = Object.keys(step.declared ?? {}).filter((column) => !step.columns.includes(column));
  if (gone.length > 0) mayFail.push(`the source has no column ${gone.join(', ')}, which is declared`);
  const required = keys.length > 0 ? keys : names.filter((column) => column === 'id');
  const rejected: (string | undefined)[] = [];
  const rows: CleanRow[] = [];
  let filtered = 0;
  for (const { row, place } of units) {
    if (row === undefined) {
      filtered += 1;
      continue;
    }
    const key = row.ragged === true ? undefined : keyOf(row, keys, columns);
    const fitting = names.every((column) => {
      const cell = row.cells[column] ?? null;
      if (cell === null) return !required.includes(column);
      return (demands.get(column) ?? []).every((type) => fits(type, cell));
    });
    if (row.ragged === true || !fitting) {
      rejected.push(key);
    } else if (step.idsAbove !== undefined && !(Number(row.cells.id) > step.idsAbove)) {
      filtered += 1;
    } else if (step.idsBelow !== undefined && !(Number(row.cells.id) < step.idsBelow)) {
      rejected.push(key);
    } else {
      rows.push({ values: valuesOf(row, columns), key, place });
    }
  }
  const compares = step.idsAbove !== undefined || step.idsBelow !== undefined;
  if (compares && !isNumber(columns.get('id'))) mayFail.push('the rule compares no numbers');
  const standing = new Map<string, CleanRow>();
  if (keys.length > 0) {
    for (const row of rows) {
      if (row.key === undefined) continue;
      if (standing.has(row.key)) deduplicated += 1;
      if (!standing.has(row.key) || scenario.mode !== 'insert') standing.set(row.key, row);
    }
  }
  const mustFail: string[] = [];
  const isTold = scenario.source === 'csv' || whole.length > 0;
  const unknown = isTold ? unknownNames(shape, step.columns, inTable) : [];
  if (unknown.length > 0) mustFail.push(`nothing has the column ${unknown.join(', ')}`);
  if (rejected.length > rowsRead / 2) mustFail.push(`${rejected.length} of ${rowsRead} rows are rejected`);
  else if (rejected.length > units.length / 2) mayFail.push('more than half of the different rows are rejected');
  return {
    names,
    rows: keys.length > 0 ? [...standing.values()] : rows,
    columns,
    filtered,
    deduplicated,
    rejected,
    mustFail,
    mayFail,
  };
}

function isNumber(type: ModelType | undefined): boolean {
  return type === undefined || ['bigint', 'integer', 'numeric', 'double precision'].includes(type.kind);
}

function keyOf(row: SourceRow, keys: readonly string[], columns: ReadonlyMap<string, ModelType>): string | undefined {
  if (keys.length === 0) return undefined;
  const parts: string[] = [];
  for (const key of keys) {
    const cell = row.cells[key] ?? null;
    const type = columns.get(key);
    if (cell === null || type === undefined || !fits(type, cell)) return undefined;
    parts.push(canonical(type, textOf(cell)));
  }
  return JSON.stringify(parts);
}

function valuesOf(row: SourceRow, columns: ReadonlyMap<string, ModelType>): ModelValues {
  const entries = [...columns].map(([column, type]): [string, string | null] => {
    const cell: Cell = row.cells[column] ?? null;
    if (cell !== null) return [column, canonical(type, textOf(cell))];
    return [column, type.kind === 'text' ? '' : null];
  });
  return Object.fromEntries(entries);
}
