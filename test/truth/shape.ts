import { createHash } from 'node:crypto';
import { randomOf } from './random.ts';
import type { Cell, Scenario, Shape, SourceRow } from './scenario.ts';

/** The lists that rows have. */
const lists = [
  '[1,2,3]',
  '[7]',
  '["a","a"]',
  '[null,5]',
  '[]',
  null,
  '["2.50","x"]',
  '[12345678901234567890]',
] as const;

/** The scenario with a shape, in about half of the seeds, and with expectations of some runs. */
export function withShape(scenario: Scenario, seed: number): Scenario {
  const random = randomOf(seed + 1_000_003);
  const numbered = scenario.steps.map((step) =>
    random.chance(0.12) ? { ...step, idsBelow: 12 + random.below(40) } : step,
  );
  const first = scenario.steps[0]?.columns.filter((column) => /^c\d$/.test(column)) ?? [];
  if (scenario.foreign !== undefined || scenario.incremental === true || random.chance(0.5)) {
    return { ...scenario, steps: numbered };
  }
  const free = first.filter((column) => !numbered.some(({ declared }) => declared !== undefined && column in declared));
  const take = (share: number): string | undefined =>
    random.chance(share) && free.length > 0 ? free.splice(random.below(free.length), 1)[0] : undefined;
  const [excluded, from, column] = [take(0.4), take(0.5), take(0.5)];
  const lists = scenario.source !== 'csv' && !(scenario.mode === 'insert' && scenario.keys.length > 0);
  const exploded = lists && random.chance(0.6) ? random.pick(['keep', 'filter'] as const) : undefined;
  const shape: Shape = {
    excluded,
    renamed: from === undefined ? undefined : { from, to: `new_${from}` },
    fallback: column === undefined ? undefined : { column, value: 'none' },
    exploded,
  };
  const steps = numbered.map((step) =>
    exploded === undefined
      ? step
      : { ...step, columns: [...step.columns, 'list'], rows: step.rows.map((row) => withList(row, seed)) },
  );
  return { ...scenario, shape, steps };
}

/** The same row has the same list. */
function withList(row: SourceRow, seed: number): SourceRow {
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, row.cells]))
    .digest();
  return { ...row, cells: { ...row.cells, list: lists[(digest[0] ?? 0) % lists.length] ?? null } };
}

/** The columns that a table gets of those of a source; `table` has those of the table, where there is one. */
export function shapedColumns(
  shape: Shape | undefined,
  columns: readonly string[],
  table: ReadonlySet<string> | undefined,
): readonly string[] {
  const fallback = shape?.fallback?.column;
  const own = columns
    .filter((column) => column !== shape?.excluded)
    .map((column) => (column === shape?.renamed?.from ? shape.renamed.to : column));
  const added = fallback !== undefined && !columns.includes(fallback) && table?.has(fallback) === true;
  return added ? [...own, fallback] : own;
}

/** Names of the configuration that mean nothing: neither the source nor the table has such a column. */
export function unknownNames(
  shape: Shape | undefined,
  columns: readonly string[],
  table: ReadonlySet<string> | undefined,
): readonly string[] {
  const missing = (name: string | undefined, inTable: string | undefined): readonly string[] => {
    if (name === undefined || columns.includes(name)) return [];
    return table === undefined || (inTable !== undefined && !table.has(inTable)) ? [name] : [];
  };
  return [
    ...missing(shape?.excluded, undefined),
    ...missing(shape?.renamed?.from, shape?.renamed?.to),
    ...missing(shape?.fallback?.column, shape?.fallback?.column),
  ];
}

/** The rows that a record gives, as the table's columns have them; undefined is a record that is left out. */
export function shapedRows(shape: Shape | undefined, row: SourceRow): readonly (SourceRow | undefined)[] {
  if (shape === undefined || row.ragged === true) return [row];
  const cells: Record<string, Cell> = { ...row.cells };
  if (shape.excluded !== undefined) delete cells[shape.excluded];
  if (shape.renamed !== undefined) {
    cells[shape.renamed.to] = cells[shape.renamed.from] ?? null;
    delete cells[shape.renamed.from];
  }
  if (shape.fallback !== undefined) {
    const { column, value } = shape.fallback;
    cells[column] = cells[column] ?? JSON.stringify(value);
  }
  if (shape.exploded === undefined) return [{ ...row, cells }];
  const elements = elementsOf(cells.list ?? null);
  if (elements.length > 0) return elements.map((list) => ({ ...row, cells: { ...cells, list } }));
  return [shape.exploded === 'keep' ? { ...row, cells: { ...cells, list: null } } : undefined];
}

/** How many rows a record gives. */
export function rowsOfRecord(shape: Shape | undefined, row: SourceRow): number {
  return shape?.exploded === undefined || row.ragged === true
    ? 1
    : Math.max(1, elementsOf(row.cells.list ?? null).length);
}

/** The literals of the elements; no element of the lists above has a comma in it. */
function elementsOf(list: Cell): readonly Cell[] {
  if (list === null || list === '[]') return [];
  return list
    .slice(1, -1)
    .split(',')
    .map((element) => (element === 'null' ? null : element));
}
