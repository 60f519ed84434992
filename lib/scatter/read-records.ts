import type { RawRows } from '../transform/read/raw-rows.ts';
import { withPartColumns } from '../transform/read/source-column.ts';
import type { ScatterJob } from './job.ts';
import { openSlice, type SliceReading } from './open-slice.ts';
import type { PlacedSlice, ScatterPlan } from './plan-source.ts';

/** Reads the records of a slice with the columns of the source, and those that its parts add. */
export async function readRecords(
  job: ScatterJob,
  plan: ScatterPlan,
  slice: PlacedSlice,
  at: SliceReading,
): Promise<RawRows> {
  const { raw } = job.request;
  const opened = await openSlice(job, slice, at);
  const columnOf = new Map(plan.names);
  const places =
    plan.kind === 'json'
      ? opened.fields.map(({ names }) => names.map((name) => columnOf.get(name) ?? -1))
      : slice.places;
  const columns = plan.shape?.columns ?? plan.columns.slice(0, plan.own);
  const parts = slice.pieces.flatMap(({ part }) => raw.parts[part] ?? []);
  return withPartColumns(await opened.write({ columns, places }), parts, raw.parts);
}
