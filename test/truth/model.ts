import { canonical, declaredType, fits, type ModelType, typeOfValues } from './column-types.ts';
import { type Cell, filesOf, type Scenario, type SourceRow, type Step, textOf } from './scenario.ts';
import { besideService, type ServiceNames, serviceNames } from './service-columns.ts';
import { rowsOfRecord, shapedColumns, shapedRows, unknownNames } from './shape.ts';

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
interface Loaded {
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

export interface ModelCounts {
  readonly rows_read: number;
  readonly rows_filtered: number;
  readonly rows_deduplicated: number;
  readonly rows_rejected: number;
  readonly rows_inserted: number;
  readonly rows_updated: number;
  readonly rows_unchanged: number;
  readonly rows_deleted: number;
}

/** How a run may end. */
export interface Expected {
  /** Statuses that are right, each with why. */
  readonly statuses: Readonly<Partial<Record<'success' | 'failed' | 'skipped', string>>>;
  /** The state after a success. */
  readonly after: ModelState;
  /** The run fails when its other rows are in, which stay; what later runs make of them is not told. */
  readonly isPartial?: boolean;
  readonly counts: Partial<ModelCounts>;
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

/** What a run over this state must do. */
export function expectRun(scenario: Scenario, step: Step, state: ModelState): Expected {
  const content = JSON.stringify([...filesOf(scenario, step).values()]);
  const plan = JSON.stringify([step.idsAbove ?? null, step.idsBelow ?? null, step.declared ?? null]);
  const table = state.tables.get(step.table);
  const loads = (state.loads.get(step.table) ?? []).filter((load) => load.made === table?.made);
  const same = (load: Loaded | undefined): boolean => load?.content === content && load.plan === plan;
  const isLoaded =
    scenario.mode === 'insert' ? loads.some(same) : same(state.loads.get(step.table)?.at(-1)) && same(loads.at(-1));
  if (scenario.source !== 'api' && step.again !== true && table !== undefined && isLoaded) {
    return { statuses: { skipped: 'this content is loaded' }, after: state, counts: {} };
  }
  const read = readRows(scenario, step, state);
  const named = besideService(table?.ours === true ? table.service : undefined, step, read);
  const cleaned = cleanRows(scenario, named.step, table, named.rows);
  const written = writeRows(scenario, step, table, cleaned, content, state.made + 1);
  const made = written.table?.made ?? 0;
  const tables = new Map(state.tables);
  if (written.table !== undefined) tables.set(step.table, written.table);
  const watermarks = new Map(state.watermarks);
  const marks = read.flatMap((row) => (row.cells.changed == null ? [] : [textOf(row.cells.changed)]));
  const highest = marks.sort().at(-1);
  if (scenario.incremental === true && highest !== undefined && made > 0) {
    const at = read.filter(({ cells }) => cells.changed != null && textOf(cells.changed) === highest);
    const earlier = state.watermarks.get(step.table);
    const kept = earlier?.made === made && earlier.value === highest ? earlier.rows : [];
    watermarks.set(step.table, {
      made,
      value: highest,
      rows: new Set([...kept, ...at.map((row) => nameOf(scenario, row))]),
    });
  }
  const after: ModelState = {
    tables,
    watermarks,
    loads: new Map(state.loads).set(step.table, [...(state.loads.get(step.table) ?? []), { content, plan, made }]),
    made: Math.max(state.made, made),
  };
  const wasLoaded = loads.some((load) => load.content === content);
  const isOtherwise = scenario.mode === 'insert' && wasLoaded && scenario.source !== 'api';
  const isPartial = written.refused > 0 && cleaned.rejected.length + written.refused > step.rows.length / 2;
  const failures = [
    ...cleaned.mustFail,
    ...written.mustFail,
    ...(isPartial ? [`the database refuses ${written.refused} rows`] : []),
  ];
  const may = [
    ...cleaned.mayFail,
    ...written.mayFail,
    ...(scenario.mode === 'insert' && wasLoaded && !isLoaded ? ['other rules for rows that are loaded'] : []),
    ...(scenario.mode === 'insert' && wasLoaded && table?.ours === false ? ['rows of this table cannot be told'] : []),
  ];
  const reading =
    scenario.incremental === true
      ? { rows_rejected: cleaned.rejected.length }
      : {
          rows_read: step.rows.reduce((rows, row) => rows + rowsOfRecord(scenario.shape, row), 0),
          rows_filtered: cleaned.filtered,
          rows_deduplicated: cleaned.deduplicated,
          rows_rejected: cleaned.rejected.length + written.refused,
          rows_unchanged: written.unchanged,
        };
  return {
    statuses:
      failures.length > 0
        ? {
            failed: failures.join('; '),
            ...(isOtherwise && step.again !== true ? { skipped: 'insert changes no rows that are there' } : {}),
          }
        : {
            success: 'all is well',
            ...(may.length > 0 ? { failed: may.join('; ') } : {}),
            // Rows of an insert that are there under another configuration are not changed, and said to be.
            ...(isOtherwise && step.again !== true ? { skipped: 'insert changes no rows that are there' } : {}),
          },
    after,
    isPartial,
    counts: {
      ...reading,
      rows_inserted: written.inserted,
      rows_updated: written.updated,
      rows_deleted: written.deleted,
    },
  };
}

/** The rows that a run reads: all, or those of an incremental source that are new. */
function readRows(scenario: Scenario, step: Step, state: ModelState): readonly SourceRow[] {
  if (scenario.incremental !== true) return step.rows;
  const mark = state.watermarks.get(step.table);
  if (mark === undefined || mark.made !== state.tables.get(step.table)?.made) return step.rows;
  return step.rows.filter((row) => {
    const changed = row.cells.changed == null ? '' : textOf(row.cells.changed);
    // An upsert reads the rows at the bound again, which changes nothing.
    return (
      changed > mark.value ||
      (changed === mark.value && (scenario.mode === 'upsert' || !mark.rows.has(nameOf(scenario, row))))
    );
  });
}

/** What tells a row of an incremental source from the others. */
function nameOf({ keys }: Scenario, { cells }: SourceRow): string {
  return JSON.stringify(keys.length > 0 ? keys.map((key) => cells[key]) : Object.entries(cells).sort());
}

interface CleanRow {
  readonly values: ModelValues;
  readonly key: string | undefined;
  readonly place: string;
}

interface Cleaned {
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

function cleanRows(scenario: Scenario, step: Step, table: ModelTable | undefined, read: readonly SourceRow[]): Cleaned {
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

interface Written {
  readonly table: ModelTable | undefined;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly deleted: number;
  /** Rows that the table's unique key refuses. */
  readonly refused: number;
  readonly mustFail: readonly string[];
  readonly mayFail: readonly string[];
}

function writeRows(
  scenario: Scenario,
  step: Step,
  table: ModelTable | undefined,
  cleaned: Cleaned,
  content: string,
  made: number,
): Written {
  const { keys, mode } = scenario;
  const mustFail: string[] = [];
  const mayFail: string[] = [];
  const there = new Map((table?.rows ?? []).map((row) => [row.origin, row]));
  const isKeyed = keys.length > 0;
  // What an API gives again is new to the table, but where it replaces the same content.
  const isReadAnew = scenario.source === 'api' && mode !== 'replace';
  const after = new Map<string, ModelRow>();
  if (mode !== 'replace') {
    for (const [origin, row] of there) after.set(origin, { ...row, change: 'none' });
  }
  let [inserted, updated, unchanged, refused] = [0, 0, 0, 0];
  cleaned.rows.forEach((row, index) => {
    const place = scenario.keepRepeated === true || !isKeyed ? `${content}#${row.place}` : `${content}#${index}`;
    const origin = row.key ?? (table?.ours === false || isReadAnew ? `${made}:${place}:${there.size}` : place);
    const before = there.get(origin);
    const values: ModelValues =
      before === undefined ? row.values : { ...(mode === 'replace' ? {} : before.values), ...row.values };
    if (before === undefined) {
      inserted += 1;
      after.set(origin, { values, origin, content, change: 'inserted' });
    } else if (sameValues(before.values, values)) {
      unchanged += 1;
      after.set(origin, { ...before, content, change: 'none' });
    } else if (mode === 'insert' && before.content !== content) {
      refused += 1;
    } else {
      updated += 1;
      after.set(origin, { ...before, values, content, change: 'updated' });
    }
  });
  if (mode === 'insert' && table?.ours !== false && scenario.incremental !== true) {
    // Rows of the same content that the configuration no longer makes.
    const loaded = new Set(cleaned.rows.map((row) => row.key ?? `${content}#${row.place}`));
    for (const [origin, row] of there) if (row.content === content && !loaded.has(origin)) after.delete(origin);
  }
  let deleted = 0;
  if (mode === 'replace') {
    if (table?.ours === false && !isKeyed) mustFail.push('the rows of this table cannot be told apart');
    const kept = new Set(cleaned.rejected);
    for (const [origin, row] of there) {
      if (after.has(origin)) continue;
      if (kept.has(origin)) after.set(origin, { ...row, change: 'none' });
      else deleted += 1;
    }
    const gone = [...there.keys()].filter((origin) => !cleaned.rows.some((row) => row.key === origin)).length;
    if (deleted > 0 && kept.has(undefined)) mustFail.push('the key of a rejected row cannot be told');
    else if (gone > 0 && kept.size > 0) mayFail.push('a row is rejected, and one that is there is not in the source');
    const clean = cleaned.rows.length;
    const present = there.size;
    if (present > 0 && step.force !== true && (clean === 0 || clean < present / 2)) {
      if (clean + cleaned.rejected.length < present / 2 || cleaned.rejected.length === 0)
        mustFail.push('the table would shrink by more than half');
      else mayFail.push('the table would shrink by more than half');
    }
  }
  const columns = new Map(table?.columns ?? []);
  for (const [name, type] of cleaned.columns) columns.set(name, type);
  const isMade = table !== undefined || cleaned.rows.length > 0;
  return {
    table: isMade
      ? {
          made: table?.made ?? made,
          ours: table?.ours ?? true,
          service: table?.service ?? serviceNames(cleaned.names),
          columns,
          rows: [...after.values()],
        }
      : undefined,
    inserted,
    updated,
    unchanged,
    deleted,
    refused,
    mustFail,
    mayFail,
  };
}

/** A column that a row has not is without a value. */
function sameValues(a: ModelValues, b: ModelValues): boolean {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((name) => (a[name] ?? null) === (b[name] ?? null));
}
