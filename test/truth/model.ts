import { cleanRows } from './model-clean.ts';
import type { Loaded, ModelState } from './model-state.ts';
import { writeRows } from './model-write.ts';
import { filesOf, type Scenario, type SourceRow, type Step, textOf } from './scenario.ts';
import { besideService } from './service-columns.ts';
import { rowsOfRecord } from './shape.ts';

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
