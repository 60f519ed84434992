import { join } from 'node:path';
import { z } from 'zod';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { withAbsentColumns } from '../transform/clean/absent-columns.ts';
import { planColumns } from '../transform/clean/column-plan.ts';
import { makeLookupTables } from '../transform/clean/lookup-tables.ts';
import { type TargetColumns, targetColumns } from '../transform/clean/target-columns.ts';
import { type WorkingRows, writeWorkingRows } from '../transform/clean/working-rows.ts';
import {
  behind,
  type ColumnEvidence,
  evidenceSchema,
  mergeEvidence,
  noEvidence,
  surveyOf,
} from '../transform/infer/evidence.ts';
import type { PartFields } from '../transform/read/opened-parts.ts';
import { writeRawRows } from '../transform/read/raw-file.ts';
import type { RawRows } from '../transform/read/raw-rows.ts';
import { parquetWarnings } from '../transform/read/read-parquet.ts';
import { withPartColumns } from '../transform/read/source-column.ts';
import { uniteFields } from '../transform/read/unite-fields.ts';
import { artefact, artefactKey, inSession, type ScatterJob } from './job.ts';
import type { SliceAt } from './open-slice.ts';
import type { Split } from './split.ts';
import type { SliceSurvey } from './survey-slice.ts';

const planSchema = z.strictObject({
  kind: z.enum(['text', 'json', 'typed']),
  rows: z.int().min(0),
  /** Of the source, then those that parts add, then those that only the table has. */
  columns: z.array(z.strictObject({ sourceName: z.string(), duckType: z.string(), absent: z.boolean().optional() })),
  /** How many of them are of the source. */
  own: z.int().min(0),
  /** The columns of the fields of each part; of JSON, of the names. */
  parts: z.array(z.array(z.int())),
  names: z.array(z.tuple([z.string(), z.int()])),
  slices: z.array(z.strictObject({ start: z.int().min(0), lines_before: z.int().min(0), rows_before: z.int().min(0) })),
  evidence: z.array(evidenceSchema),
  buckets: z.int().min(1),
  warnings: z.array(z.string()),
});

/** What was decided about a source from what its slices say: columns, the place of each slice, and the buckets. */
export type ScatterPlan = z.infer<typeof planSchema>;

/**
 * Decides about the source, from the surveys alone, and checks the configuration against it.
 *
 * @throws what `cleanSource` throws for a configuration that does not fit the source: no row has been decided about
 */
export async function planSource(
  job: ScatterJob,
  split: Split,
  surveys: () => Promise<readonly SliceSurvey[]>,
): Promise<ScatterPlan> {
  return await artefact(job, artefactKey(job, 'plan', 0, '.json'), planSchema, async () => {
    const plan = await unitedPlan(job, split, await surveys());
    await decideNothing(job, plan);
    return plan;
  });
}

async function unitedPlan(job: ScatterJob, split: Split, surveys: readonly SliceSurvey[]): Promise<ScatterPlan> {
  const { raw, settings } = job.request;
  const kind = surveys[0]?.kind ?? 'text';
  const entries = surveys.flatMap(({ fields }, slice) => fields.map((of, piece) => ({ of, piece, slice })));
  const united = await uniteFields({
    kind,
    fields: entries.map(({ of }): PartFields => of),
    holds: async (question, entry, field) => {
      const at = entries[entry];
      const fails = surveys[at?.slice ?? -1]?.fails ?? [];
      return !fails.some((one) => one.question === question && one.piece === at?.piece && one.field === field);
    },
  });
  const columns = allColumns(job, kind, united.columns);
  const evidence: ColumnEvidence[] = columns.map(() => noEvidence);
  const add = (column: number, of: ColumnEvidence): void => {
    evidence[column] = mergeEvidence(evidence[column] ?? noEvidence, of);
  };
  const slices: ScatterPlan['slices'] = [];
  const parts: number[][] = raw.parts.map(() => []);
  const names = new Map<string, number>();
  let rows = 0;
  let lines = 0;
  for (const [slice, survey] of surveys.entries()) {
    const pieces = split.slices[slice] ?? [];
    if (pieces[0]?.begins === true) lines = 0;
    slices.push({ start: survey.start, lines_before: lines, rows_before: rows });
    for (const [at, entry] of entries.entries()) {
      if (entry.slice !== slice) continue;
      const places = united.places[at] ?? [];
      const part = pieces[entry.piece]?.part;
      if (kind === 'json') for (const [field, name] of entry.of.names.entries()) names.set(name, places[field] ?? -1);
      else if (part !== undefined) parts[part] = [...places];
      for (const one of survey.evidence) {
        if (one.piece === entry.piece) add(places[one.field] ?? -1, behind(rows, one.of));
      }
    }
    for (const one of survey.added) {
      const column = columns.findIndex(
        ({ sourceName }, index) => index >= united.columns.length && sourceName === one.name,
      );
      if (column !== -1) add(column, behind(rows, one.of));
    }
    rows += survey.rows;
    lines += survey.lines;
  }
  const bytes = raw.parts.reduce((sum, part) => sum + part.bytes, 0);
  const cut = [...new Set(surveys.flatMap((survey) => survey.cut_names))];
  return {
    kind,
    rows,
    columns,
    own: united.columns.length,
    parts,
    names: [...names],
    slices,
    evidence,
    buckets:
      settings.deduplicate || settings.key_columns.length > 0
        ? Math.max(1, Math.ceil(bytes / job.sizes.bucketBytes))
        : 1,
    warnings: [...parquetWarnings(cut)],
  };
}

function allColumns({ request }: ScatterJob, kind: RawRows['kind'], own: RawRows['columns']): ScatterPlan['columns'] {
  const rows: RawRows = { kind, relation: '', columns: own, rows: 0, parts: [] };
  const { columns } = withAbsentColumns(request, withPartColumns(rows, [], request.raw.parts));
  return columns.map(({ absent, duckType, sourceName }) => ({
    sourceName,
    duckType,
    ...(absent === true ? { absent } : {}),
  }));
}

/** Where a slice is in the source. */
export function sliceAt(split: Split, plan: ScatterPlan, number: number): SliceAt {
  const { lines_before: linesBefore = 0, start = 0 } = plan.slices[number] ?? {};
  return { number, pieces: split.slices[number] ?? [], start, linesBefore };
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
    const relation = await writeRawRows(session, '', [], plan.columns);
    const raw: RawRows = { kind: plan.kind, relation, columns: plan.columns, rows: 0, parts: [] };
    const workingPath = join(scratch, 'work.parquet');
    return await decideRows(job, plan, raw, { session, scratch, workingPath });
  });
}
