import type { Cleaned } from './model-clean.ts';
import type { ModelRow, ModelTable, ModelValues } from './model-state.ts';
import type { Scenario, Step } from './scenario.ts';
import { serviceNames } from './service-columns.ts';

export interface Written {
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

/** What a load makes of a table. */
export function writeRows(
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
