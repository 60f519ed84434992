import { withAbsentColumns } from '../transform/clean/absent-columns.ts';
import { noEvidence } from '../transform/infer/evidence.ts';
import { writeRawRows } from '../transform/read/raw-file.ts';
import { asksForShape, shapeKnown } from '../transform/shape/shape-rows.ts';
import { FoldedShapes } from './fold-shapes.ts';
import type { FoldedSurveys } from './fold-surveys.ts';
import { inTurn } from './in-turn.ts';
import { inSession, type ScatterJob } from './job.ts';
import { leaveRecords, type ScatterPlan } from './plan-source.ts';
import type { SliceToSurvey } from './settle-starts.ts';
import { readShape } from './survey-shape.ts';

/**
 * The shapes of all slices, or the slices of which there is none yet; undefined where no shape is asked for. Once it was
 * called, a survey of a slice is one of its shape.
 */
export async function settleShapes(
  job: ScatterJob,
  surveys: FoldedSurveys,
): Promise<{ readonly again: readonly SliceToSurvey[] } | { readonly shapes: FoldedShapes } | undefined> {
  if (!asksForShape(job.request.settings)) return undefined;
  const records = await leaveRecords(job, surveys);
  if (records.rows === 0 || records.own === 0) return undefined;
  const shapes = new FoldedShapes();
  // Of text there is none, and the plan says so.
  if (records.kind === 'text') return { shapes };
  const again: SliceToSurvey[] = [];
  let slice = 0;
  for await (const shape of inTurn(records.slices, async (number) => await readShape(job, number))) {
    if (shape === undefined) again.push({ slice });
    else if (again.length === 0) shapes.add(shape);
    slice += 1;
  }
  return again.length > 0 ? { again } : { shapes };
}

/**
 * The plan of the rows that the records become.
 *
 * @throws as `shapeRows`
 */
export async function shapedPlan(job: ScatterJob, records: ScatterPlan, shapes: FoldedShapes): Promise<ScatterPlan> {
  const { empty, evidence, rows } = shapes;
  const { columns, paths } = await shapedColumns(job, records, shapes);
  return {
    ...records,
    rows,
    columns,
    evidence: columns.map((_, column) => {
      const path = paths[column];
      return path === undefined ? noEvidence : shapes.typesOf(path);
    }),
    shape: { records: records.rows, empty, columns: records.columns.slice(0, records.own), evidence },
  };
}

/** The columns of shaped rows, found by shaping none of them. */
async function shapedColumns(
  job: ScatterJob,
  { columns: all, kind }: ScatterPlan,
  { evidence: known }: FoldedShapes,
): Promise<{ readonly columns: ScatterPlan['columns']; readonly paths: readonly (readonly string[])[] }> {
  const { request } = job;
  return await inSession(job, { files: [] }, async (session, scratch) => {
    const columns = all.filter(({ absent }) => absent !== true);
    const relation = await writeRawRows(session, '', [], columns);
    const raw = { kind, relation, columns, rows: 0, parts: [] };
    const shaped = await shapeKnown(request, session, raw, scratch, { known, isPiece: false });
    const named = withAbsentColumns(request, shaped.raw).columns.map(({ absent, duckType, sourceName }) => ({
      sourceName,
      duckType,
      ...(absent === true ? { absent } : {}),
    }));
    return { columns: named, paths: shaped.paths };
  });
}
