import { join } from 'node:path';
import { z } from 'zod';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { planColumns } from '../transform/clean/column-plan.ts';
import { makeLookupTables } from '../transform/clean/lookup-tables.ts';
import { type TargetColumns, targetColumns } from '../transform/clean/target-columns.ts';
import { type WorkingRows, writeWorkingRows } from '../transform/clean/working-rows.ts';
import {
  type ColumnEvidence,
  evidenceSchema,
  mergeEvidence,
  noEvidence,
  surveyOf,
} from '../transform/infer/evidence.ts';
import type { FieldPlaces } from '../transform/read/opened-parts.ts';
import { writeRawRows } from '../transform/read/raw-file.ts';
import type { RawRows } from '../transform/read/raw-rows.ts';
import { parquetWarnings } from '../transform/read/read-parquet.ts';
import { uniteFields } from '../transform/read/unite-fields.ts';
import { shapeEvidenceSchema } from '../transform/shape/member-evidence.ts';
import { shapeProblems } from '../transform/shape/shape-rows.ts';
import { allColumns } from './all-columns.ts';
import type { FoldedSurveys } from './fold-surveys.ts';
import { artefact, artefactKey, inSession, leftBy, type ScatterJob } from './job.ts';
import type { SliceAt } from './open-slice.ts';
import { readEntry, writePacked } from './packed.ts';
import { readSlice } from './split.ts';

const planSchema = z.strictObject({
  kind: z.enum(['text', 'json', 'typed']),
  rows: z.int().min(0),
  /** How many there are. */
  slices: z.int().min(0),
  /** Of the source, then those that parts add, then those that only the table has. */
  columns: z.array(z.strictObject({ sourceName: z.string(), duckType: z.string(), absent: z.boolean().optional() })),
  /** How many of them are of the source. */
  own: z.int().min(0),
  /** Of JSON: the columns of the names. */
  names: z.array(z.tuple([z.string(), z.int()])),
  evidence: z.array(evidenceSchema),
  buckets: z.int().min(1),
  warnings: z.array(z.string()),
  /** Where the rows have another shape than the records that are read: these, and what was found of their objects. */
  shape: z
    .strictObject({
      records: z.int().min(0),
      /** Records without an element. */
      empty: z.int().min(0),
      columns: z.array(z.strictObject({ sourceName: z.string(), duckType: z.string() })),
      evidence: shapeEvidenceSchema,
    })
    .optional(),
});

const placeSchema = z.strictObject({
  start: z.int().min(0),
  lines_before: z.int().min(0),
  rows_before: z.int().min(0),
  /** For each of its pieces, but of JSON: the columns of its fields. */
  places: z.array(z.array(z.int())),
});

/** What was decided about a source from what its slices say: columns and buckets. As large for many slices as for few. */
export type ScatterPlan = z.infer<typeof planSchema>;

/** Where a slice is in the source, and what its fields are. */
export interface PlacedSlice extends SliceAt {
  readonly rowsBefore: number;
  readonly places: readonly (readonly number[])[];
}

/** The plan of the rows; or that of the records, before their shape is known. */
type PlanName = 'plan' | 'records';

function planKey(job: Pick<ScatterJob, 'prefix'>, end: string, name: PlanName = 'plan'): string {
  return artefactKey(job, name, 0, end);
}

/** What `planSource` has left, or `leaveRecords`; undefined where it has not ended. */
export async function findPlan(job: ScatterJob, name: PlanName = 'plan'): Promise<ScatterPlan | undefined> {
  const bytes = await job.request.store.get(planKey(job, '.json', name));
  return bytes === undefined ? undefined : planSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
}

/** The same, for steps behind it. */
export async function readPlan(job: ScatterJob): Promise<ScatterPlan> {
  return await leftBy(job, planKey(job, '.json'), planSchema);
}

/** A slice and its place, of what `splitSource` and `planSource` have left; no other one is read. */
export async function placedSlice(job: ScatterJob, number: number, name: PlanName = 'plan'): Promise<PlacedSlice> {
  const bytes = await readEntry(job.request.store, planKey(job, '.entries', name), number);
  const place = placeSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  return {
    ...(await readSlice(job, number)),
    number,
    start: place.start,
    linesBefore: place.lines_before,
    rowsBefore: place.rows_before,
    places: place.places,
  };
}

/**
 * Decides about the source, from the surveys alone, and checks the configuration against it.
 *
 * @param shape  makes of the plan of the records that of their rows, where these have another shape, with the rows before each slice
 * @throws what `cleanSource` throws for a configuration that does not fit the source: no row has been decided about
 */
export async function planSource(
  job: ScatterJob,
  surveys: FoldedSurveys,
  shape?: {
    readonly plan: (records: ScatterPlan) => Promise<ScatterPlan>;
    readonly rowsBefore: readonly number[];
  },
): Promise<ScatterPlan> {
  return await artefact(job, planKey(job, '.json'), planSchema, async () => {
    const united = await unitedFields(surveys);
    const records = unitedPlan(job, surveys, united);
    const plan = (await shape?.plan(records)) ?? records;
    await decideNothing(job, plan);
    await writePlaces(job, 'plan', surveys, united.places, shape?.rowsBefore);
    return plan;
  });
}

/** Leaves what is known of the records, by which slices are read before their shape is known. */
export async function leaveRecords(job: ScatterJob, surveys: FoldedSurveys): Promise<ScatterPlan> {
  return await artefact(job, planKey(job, '.json', 'records'), planSchema, async () => {
    const united = await unitedFields(surveys);
    await writePlaces(job, 'records', surveys, united.places);
    return unitedPlan(job, surveys, united);
  });
}

async function unitedFields(surveys: FoldedSurveys): Promise<FieldPlaces> {
  return await uniteFields({
    kind: surveys.kind,
    fields: surveys.layouts.map(({ fields }) => fields),
    holds: async (question, layout, field) => surveys.holds(question, layout, field),
  });
}

function unitedPlan(job: ScatterJob, surveys: FoldedSurveys, united: FieldPlaces): ScatterPlan {
  const { raw, settings } = job.request;
  const { kind, layouts, rows } = surveys;
  const columns = allColumns(job.request, kind, united.columns);
  const evidence: ColumnEvidence[] = columns.map(() => noEvidence);
  const add = (column: number, of: ColumnEvidence): void => {
    evidence[column] = mergeEvidence(evidence[column] ?? noEvidence, of);
  };
  const names = new Map<string, number>();
  for (const [layout, one] of layouts.entries()) {
    const places = united.places[layout] ?? [];
    if (kind === 'json') for (const [field, name] of one.fields.names.entries()) names.set(name, places[field] ?? -1);
    for (const [field, of] of one.evidence.entries()) if (of !== undefined) add(places[field] ?? -1, of);
  }
  for (const [name, of] of surveys.added) {
    const column = columns.findIndex(({ sourceName }, index) => index >= united.columns.length && sourceName === name);
    if (column !== -1) add(column, of);
  }
  const bytes = raw.parts.reduce((sum, part) => sum + part.bytes, 0);
  const isSpread = settings.deduplicate || settings.key_columns.length > 0;
  return {
    kind,
    rows,
    slices: surveys.slices.length,
    columns,
    own: united.columns.length,
    names: [...names],
    evidence,
    buckets: isSpread ? Math.max(1, Math.ceil(bytes / job.sizes.bucketBytes)) : 1,
    warnings: [...parquetWarnings([...surveys.cutNames])],
  };
}

/** Leaves the place of each slice, so that each can be read alone. */
async function writePlaces(
  { prefix, request }: ScatterJob,
  name: PlanName,
  { kind, slices }: FoldedSurveys,
  places: FieldPlaces['places'],
  shapedBefore?: readonly number[],
): Promise<void> {
  const entries = slices.map(({ layouts, linesBefore, rowsBefore, start }, slice) => {
    const own = kind === 'json' ? [] : layouts.map((layout) => [...(places[layout] ?? [])]);
    const place = { start, lines_before: linesBefore, rows_before: shapedBefore?.[slice] ?? rowsBefore, places: own };
    return JSON.stringify(placeSchema.parse(place));
  });
  const key = planKey({ prefix }, '.entries', name);
  const path = await request.store.scratchPath(key);
  await writePacked(path, entries.length, entries);
  await request.store.putFile(key, path);
}

/** What was decided about rows, and which columns of them go into the target. */
export interface DecidedRows extends WorkingRows {
  readonly target: TargetColumns;
}

/** Types the rows, computes the rules, and writes the working file in the order of the rows, with the types of the plan. */
export async function decideRows(
  { lookups, request }: ScatterJob,
  plan: ScatterPlan,
  raw: RawRows,
  at: {
    readonly session: DuckDbSession;
    readonly scratch: string;
    readonly workingPath: string;
  },
): Promise<DecidedRows> {
  const { scratch, session, workingPath } = at;
  const formatted = request.settings.date_format !== undefined;
  const surveys = new Map(plan.evidence.map((of, column) => [column, surveyOf(of, plan.rows, formatted)]));
  const planned = await planColumns(session, { ...raw, rows: plan.rows }, request, { surveys });
  const tables = await makeLookupTables(session, request, lookups, scratch);
  const rows = { raw: { ...raw, rows: plan.rows }, planned, lookups: tables, list: '* EXCLUDE (o)' };
  const working = await writeWorkingRows(session, request, rows, workingPath);
  const names = plan.columns.map(({ sourceName }) => sourceName);
  return { ...working, target: targetColumns(request, { columns: working.columns, names }, new Map()) };
}

/** Decides about no row: what a configuration and a plan say of columns, rules and reasons. */
export async function decideNothing(job: ScatterJob, plan: ScatterPlan): Promise<DecidedRows> {
  const files = job.lookups.flatMap((lookup) => lookup.parts.map(({ path }) => path));
  return await inSession(job, { files }, async (session, scratch) => {
    const none = await writeRawRows(session, '', [], plan.columns);
    const rows = { kind: plan.kind, columns: plan.columns, rows: 0, parts: [] };
    const raw: RawRows =
      plan.shape === undefined
        ? { ...rows, relation: none }
        : { ...rows, relation: `(SELECT *, 0 AS p FROM ${none})`, problems: shapeProblems(job.request.settings) };
    const workingPath = join(scratch, 'work.parquet');
    return await decideRows(job, plan, raw, { session, scratch, workingPath });
  });
}
