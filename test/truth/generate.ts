import { type Random, randomOf } from './random.ts';
import type { Cell, ForeignTable, LoadMode, Scenario, SourceRow, Step } from './scenario.ts';
import { withNames } from './service-columns.ts';
import { withShape } from './shape.ts';
import { type KindName, kindsOf, valueKinds } from './values.ts';

/** What stays the same over the days of a scenario. */
interface Frame {
  readonly random: Random;
  readonly source: Scenario['source'];
  readonly mode: LoadMode;
  readonly keys: readonly string[];
  readonly incremental: boolean;
  /** Kinds of values by column, the keys left out. */
  readonly kinds: ReadonlyMap<string, KindName>;
  readonly foreign: ForeignTable | undefined;
}

/** The scenario of a seed. */
export function generateScenario(seed: number): Scenario {
  return withShape(withOwnId(plainScenario(seed), seed), seed);
}

/** In some seeds a column of the source has the usual name of the service's ids. */
function withOwnId(scenario: Scenario, seed: number): Scenario {
  if (!randomOf(seed + 2_000_003).chance(0.12)) return scenario;
  const name = (column: string): string => (column === 'c1' ? 'uuid_id' : column);
  const steps = scenario.steps.map((step) => ({
    ...step,
    columns: step.columns.map(name),
    rows: step.rows.map((row) => withNames(row, name)),
  }));
  return { ...scenario, steps };
}

/** The scenario without settings of columns and lists. */
function plainScenario(seed: number): Scenario {
  const frame = frameOf(randomOf(seed));
  const { foreign, incremental, keys, mode, random, source } = frame;
  const keepRepeated = keys.length === 0 && random.chance(0.15);
  const steps: Step[] = [];
  const days = 3 + random.below(2);
  for (let day = 0; day < days; day += 1) steps.push(stepOf(frame, day, steps));
  return {
    source,
    mode,
    keys,
    ...(incremental ? { incremental } : {}),
    ...(keepRepeated ? { keepRepeated } : {}),
    ...(foreign === undefined ? {} : { foreign }),
    steps,
  };
}

function frameOf(random: Random): Frame {
  const source = random.pick(['csv', 'csv', 'ndjson', 'json', 'api'] as const);
  const mode = random.pick(['insert', 'upsert', 'upsert', 'replace', 'replace'] as const);
  const incremental = source === 'api' && mode !== 'replace' && random.chance(0.6);
  const keyed = mode === 'upsert' || random.chance(mode === 'replace' ? 0.8 : 0.4);
  const isForeign = !incremental && random.chance(0.15);
  const keys = keyed ? (!isForeign && random.chance(0.25) ? ['id', 'part'] : ['id']) : [];
  const kinds = new Map<string, KindName>();
  const names = kindsOf(source);
  if (isForeign) {
    kinds.set('label', 'text').set('price', 'decimal').set('qty', 'whole');
  } else {
    for (let column = 0; column < 1 + random.below(4); column += 1) {
      kinds.set(`c${column}`, names[random.below(names.length)] ?? 'text');
    }
    if (random.chance(0.06)) kinds.set('created_at', random.pick(['day', 'text', 'instant']));
  }
  return { random, source, mode, keys, incremental, kinds, foreign: isForeign ? foreignOf(random) : undefined };
}

function foreignOf(random: Random): ForeignTable {
  const id = random.pick(['bigint', 'double precision', 'numeric(10,0)', 'varchar(20)', 'char(8)', 'integer'] as const);
  const rows = Array.from({ length: random.below(5) }, (_, index) => ({
    id: String(index + 1),
    label: `old ${index}`,
    price: '1.50',
    qty: String(index),
  }));
  return { types: { id, label: 'text', price: 'numeric(12,2)', qty: 'integer' }, rows };
}

function stepOf(frame: Frame, day: number, earlier: readonly Step[]): Step {
  const { incremental, mode, random, source, foreign } = frame;
  const table = day > 0 && foreign === undefined && random.chance(0.12) ? ('b' as const) : ('a' as const);
  const before =
    day > 0 && foreign === undefined && random.chance(0.08) ? random.pick(['drop', 'rename'] as const) : undefined;
  const settings = {
    table,
    ...(before === undefined ? {} : { before }),
    ...(day > 0 && random.chance(0.15) ? { again: true } : {}),
    ...(mode === 'replace' && random.chance(0.15) ? { force: true } : {}),
    ...(day > 0 && random.chance(0.12) ? { idsAbove: random.below(8) } : {}),
    ...(foreign === undefined && random.chance(0.08)
      ? { declared: { c0: random.pick(['bigint', 'text', 'date'] as const) } }
      : {}),
  };
  const last = earlier.at(-1);
  const repeated =
    last === undefined || incremental
      ? undefined
      : random.chance(0.2)
        ? earlier[random.below(earlier.length)]
        : undefined;
  if (repeated !== undefined && (source !== 'api' || mode !== 'insert')) {
    return { ...settings, rows: repeated.rows, columns: repeated.columns, files: repeated.files };
  }
  const columns = columnsOf(frame, day);
  const files = source === 'api' || random.chance(0.75) ? 1 : 2;
  const rows = random.chance(0.08) ? [] : rowsOf(frame, day, columns, last);
  return { ...settings, rows: rows.map((row) => ({ ...row, file: random.below(files) })), columns, files };
}

function columnsOf({ incremental, keys, kinds, mode, random }: Frame, day: number): readonly string[] {
  // Where rows have no key, those at the watermark are known by their whole content.
  if (incremental && mode === 'insert' && keys.length === 0) return ['id', ...kinds.keys(), 'changed'];
  const own = [...kinds.keys()].filter((name) => day === 0 || !random.chance(0.06) || name === 'label');
  const added = day > 0 && !kinds.has('label') && random.chance(0.12) ? [`n${day}`] : [];
  return [...(keys.length === 0 ? ['id'] : keys), ...own, ...added, ...(incremental ? ['changed'] : [])];
}

function rowsOf(frame: Frame, day: number, columns: readonly string[], last: Step | undefined): readonly SourceRow[] {
  const { incremental, keys, mode, random, source } = frame;
  const rows: SourceRow[] = [];
  const kept = mode === 'insert' && !incremental ? [] : (last?.rows ?? []);
  for (const row of kept) {
    if (row.ragged === true || row.cells.id === null || row.cells.id?.startsWith('"') === true) continue;
    if (!incremental && random.chance(0.15)) continue;
    const changes = random.chance(0.25) && !(incremental && mode === 'insert');
    rows.push(changes ? rowOf(frame, day, columns, row.cells) : { ...row, cells: restricted(row.cells, columns) });
  }
  const first = 1 + day * 20 + (mode === 'insert' ? 0 : -random.below(5) * (day === 0 ? 0 : 1));
  const fresh = day === 0 ? 1 + random.below(12) : random.below(8);
  const taken = new Set(rows.map((row) => row.cells.id));
  for (let index = 0; index < fresh; index += 1) {
    const id = String(first + index);
    if (taken.has(id)) continue;
    rows.push(rowOf(frame, day, columns, { id, ...(keys.includes('part') ? { part: '"p"' } : {}) }));
  }
  if (incremental) return rows;
  const usual = rows[0];
  if (usual !== undefined) {
    if (random.chance(0.2)) rows.push(usual);
    if (mode !== 'insert' && random.chance(0.15)) rows.push(rowOf(frame, day, columns, usual.cells));
    if (random.chance(0.1)) rows.push({ ...rowOf(frame, day, columns, {}), cells: { ...usual.cells, id: null } });
    if (day > 0 && random.chance(0.1)) rows.push(rowOf(frame, day, columns, { ...usual.cells, id: '"x1"' }));
    if (source === 'csv' && random.chance(0.1)) rows.push({ ...usual, ragged: true });
  }
  return rows;
}

/** A row with new values in the columns that are no keys. */
function rowOf(
  frame: Frame,
  day: number,
  columns: readonly string[],
  keyCells: Readonly<Record<string, Cell>>,
): SourceRow {
  const { keys, kinds, random } = frame;
  const cells: Record<string, Cell> = {};
  for (const column of columns) {
    if (column === 'changed') {
      cells.changed = `"2025-01-0${day + 1}T00:00:0${random.below(6)}Z"`;
    } else if (column === 'id' || keys.includes(column)) {
      cells[column] = keyCells[column] ?? null;
    } else {
      const kind = valueKinds[kinds.get(column) ?? 'text'];
      const drifts = day > 0 && random.chance(0.08);
      cells[column] = random.chance(0.12) ? null : drifts ? random.pick(kind.later) : kind.usual(random);
    }
  }
  return { cells, file: 0 };
}

function restricted(cells: Readonly<Record<string, Cell>>, columns: readonly string[]): Readonly<Record<string, Cell>> {
  return Object.fromEntries(columns.map((column) => [column, cells[column] ?? null]));
}
