import { join } from 'node:path';
import { z } from 'zod';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { numberStyle } from '../transform/clean/column-plan.ts';
import { type ColumnEvidence, evidenceSchema, gatherEvidence } from '../transform/infer/evidence.ts';
import type { RawRows } from '../transform/read/raw-rows.ts';
import { openUnreadableRows } from '../transform/read/unreadable-rows.ts';
import { shapeEvidenceSchema } from '../transform/shape/member-evidence.ts';
import { shapeKnown } from '../transform/shape/shape-rows.ts';
import { artefact, artefactKey, inSession, type ScatterJob } from './job.ts';
import { filesOf } from './open-slice.ts';
import { placedSlice, type ScatterPlan } from './plan-source.ts';
import { readRecords } from './read-records.ts';

const shapeSchema = z.strictObject({
  /** Rows that its records become, and records without an element among them. */
  rows: z.int().min(0),
  empty: z.int().min(0),
  shape: shapeEvidenceSchema,
  /** What values say of the types of columns, by the path to each. */
  types: z.array(z.strictObject({ path: z.array(z.string()), of: evidenceSchema })),
});

export type SliceShape = z.infer<typeof shapeSchema>;

function shapeKey(job: ScatterJob, number: number): string {
  return artefactKey(job, 'shape', number, '.json');
}

/** What `surveyShape` has left; undefined where it has not ended. */
export async function readShape(job: ScatterJob, number: number): Promise<SliceShape | undefined> {
  const bytes = await job.request.store.get(shapeKey(job, number));
  return bytes === undefined ? undefined : shapeSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
}

/** Shapes the records of a slice by what they say themselves, and says what that is, and how many rows they become. */
export async function surveyShape(job: ScatterJob, records: ScatterPlan, number: number): Promise<SliceShape> {
  const { request } = job;
  return await artefact(job, shapeKey(job, number), shapeSchema, async () => {
    const slice = await placedSlice(job, number, 'records');
    return await inSession(job, { files: await filesOf(job, slice) }, async (session, scratch) => {
      const unreadable = await openUnreadableRows(join(scratch, 'unreadable.ndjson'));
      const at = { session, scratch, unreadable };
      const raw = await readRecords(job, records, slice, at).finally(unreadable.close);
      if (raw.rows === 0) return { rows: 0, empty: 0, shape: [], types: [] };
      const shaped = await shapeKnown(request, session, raw, scratch, { isPiece: true });
      const types = await typesOf(job, session, shaped.raw);
      return {
        rows: shaped.raw.rows,
        empty: shaped.raw.exploded?.empty ?? 0,
        shape: shaped.evidence,
        types: shaped.paths.flatMap((path, column) => {
          const of = types.get(column);
          return of === undefined ? [] : [{ path: [...path], of }];
        }),
      };
    });
  });
}

async function typesOf(
  { request }: ScatterJob,
  session: DuckDbSession,
  { columns, kind, relation, rows }: RawRows,
): Promise<ReadonlyMap<number, ColumnEvidence>> {
  if (kind === 'typed') return new Map();
  return await gatherEvidence(session, {
    kind,
    relation,
    rows,
    columns: columns.map((_, column) => column),
    numbers: numberStyle(request),
    dateFormat: () => request.settings.date_format,
  });
}
