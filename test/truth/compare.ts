import { canonical, type ModelType } from './column-types.ts';
import type { ModelRow, ModelTable } from './model-state.ts';
import type { Scenario } from './scenario.ts';
import type { TableContent } from './table-content.ts';

type PrintedRow = TableContent['rows'][number];

/**
 * Compares a table with the model's.
 *
 * @param uuids  the ids that rows with keys have had in any table of the scenario, by key; new ones are added
 * @returns the model's table with what the database gave its rows; a text when the two differ; undefined when there is no table
 */
export function compareTable(
  scenario: Scenario,
  model: ModelTable | undefined,
  found: TableContent | undefined,
  uuids: Map<string, string>,
): ModelTable | string | undefined {
  if (model === undefined) return found === undefined ? undefined : 'made a table without a row';
  if (found === undefined) return 'made no table';
  const { service } = model;
  const known = new Set([...model.columns.keys(), ...(model.ours ? Object.values(service) : [])]);
  const extra = found.columns.filter((column) => !known.has(column));
  const missing = [...known].filter((column) => !found.columns.includes(column));
  if (extra.length > 0 || missing.length > 0) {
    return `columns ${found.columns.join(', ')}: not expected ${extra.join(', ')}; missing ${missing.join(', ')}`;
  }
  const matched = matchRows(model, found.rows, service);
  if (typeof matched === 'string') return matched;
  const rows: ModelRow[] = [];
  for (const [row, printed] of matched) {
    if (!model.ours) {
      rows.push(row);
      continue;
    }
    const stamp = {
      uuid: printed[service.uuid] ?? '',
      created: printed[service.created] ?? '',
      updated: printed[service.updated] ?? '',
    };
    const wrong = stampProblem(row, stamp);
    if (wrong !== undefined) return `${wrong}: ${JSON.stringify(printed)}`;
    if (scenario.keys.length > 0) {
      const had = uuids.get(row.origin);
      if (had !== undefined && had !== stamp.uuid) return `the row ${row.origin} had the id ${had}, now ${stamp.uuid}`;
      uuids.set(row.origin, stamp.uuid);
    }
    rows.push({ ...row, stamp });
  }
  return { ...model, rows };
}

function matchRows(
  model: ModelTable,
  printed: readonly PrintedRow[],
  service: { readonly uuid: string },
): readonly (readonly [ModelRow, PrintedRow])[] | string {
  const names = [...model.columns.keys()];
  const left = new Map<string, PrintedRow[]>();
  const textOfModel = (row: ModelRow): string =>
    JSON.stringify([row.stamp?.uuid ?? null, ...names.map((name) => row.values[name] ?? null)]);
  const had = new Set(model.rows.flatMap((row) => row.stamp?.uuid ?? []));
  const textOfPrinted = (row: PrintedRow): string => {
    const uuid = model.ours ? (row[service.uuid] ?? '') : '';
    return JSON.stringify([
      had.has(uuid) ? uuid : null,
      ...names.map((name) => printedValue(model.columns.get(name), row[name] ?? null)),
    ]);
  };
  for (const row of printed) {
    const text = textOfPrinted(row);
    left.set(text, [...(left.get(text) ?? []), row]);
  }
  const matched: (readonly [ModelRow, PrintedRow])[] = [];
  const missing: string[] = [];
  for (const row of model.rows) {
    const text = textOfModel(row);
    const found = left.get(text)?.pop();
    if (found === undefined) missing.push(text);
    else matched.push([row, found]);
  }
  const extra = [...left].flatMap(([text, rows]) => rows.map(() => text));
  if (missing.length === 0 && extra.length === 0) return matched;
  return `the table differs in [id, ${names.join(', ')}]\n  missing:\n    ${missing.slice(0, 5).join('\n    ')}\n  not expected:\n    ${extra.slice(0, 5).join('\n    ')}`;
}

function printedValue(type: ModelType | undefined, text: string | null): string | null {
  return text === null || type === undefined ? text : canonical(type, text);
}

function stampProblem(row: ModelRow, now: NonNullable<ModelRow['stamp']>): string | undefined {
  const { change, stamp } = row;
  if (stamp === undefined) return undefined;
  if (stamp.uuid !== now.uuid) return `the id was ${stamp.uuid}`;
  if (stamp.created !== now.created) return `created_at was ${stamp.created}`;
  if (change === 'none' && stamp.updated !== now.updated) return `updated_at of an unchanged row was ${stamp.updated}`;
  if (change === 'updated' && stamp.updated === now.updated) return 'updated_at of a changed row has not moved';
  return undefined;
}
