import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { numberStyle, openColumns } from '../transform/clean/column-plan.ts';
import { evidenceSchema, gatherEvidence } from '../transform/infer/evidence.ts';
import type { FieldPlaces, OpenedParts, PartFields } from '../transform/read/opened-parts.ts';
import { questionOf } from '../transform/read/parquet-questions.ts';
import { dialectOf } from '../transform/read/select-csv.ts';
import { withPartColumns } from '../transform/read/source-column.ts';
import { openUnreadableRows } from '../transform/read/unreadable-rows.ts';
import { asksForShape } from '../transform/shape/shape-rows.ts';
import { allColumns } from './all-columns.ts';
import { artefact, artefactKey, inSession, type ScatterJob } from './job.ts';
import { cutPart, filesOf, openSlice, type SliceAt } from './open-slice.ts';
import { bytesOf } from './part-bytes.ts';
import { guessRecordStart, windowBytes } from './record-start.ts';
import type { Slice } from './slice.ts';
import { readSlice } from './split.ts';

const surveySchema = z.strictObject({
  /** Bytes of its part, where it is a piece of CSV: where its first record begins, and the first of the next slice. */
  start: z.int().min(0),
  end: z.int().min(0),
  /** Lines that a piece has. */
  lines: z.int().min(0),
  rows: z.int().min(0),
  unreadable: z.int().min(0),
  kind: z.enum(['text', 'json', 'typed']),
  /** What its pieces say of their columns; of JSON together. */
  fields: z.array(
    z.strictObject({
      names: z.array(z.string()),
      types: z.array(z.string()).optional(),
      together: z.array(z.string()).optional(),
    }),
  ),
  /** Fields of Parquet of which not every value is as its type would need it. */
  fails: z.array(
    z.strictObject({ question: z.enum(['exact_double', 'microseconds']), piece: z.int(), field: z.int() }),
  ),
  cut_names: z.array(z.string()),
  /** What the values say, by the field of a piece that stands for all pieces with the same fields. */
  evidence: z.array(z.strictObject({ piece: z.int(), field: z.int(), of: evidenceSchema })),
  /** The same of columns that parts add, by name. */
  added: z.array(z.strictObject({ name: z.string(), of: evidenceSchema })),
});

export type SliceSurvey = z.infer<typeof surveySchema>;

/**
 * Reads a slice and says what its rows say of the columns, and how many there are.
 *
 * @param start  where the first record of a piece of CSV begins; a likely place where it is left out
 */
export async function surveySlice(job: ScatterJob, number: number, start?: number): Promise<SliceSurvey> {
  return await artefact(job, surveyKey(job, number, start), surveySchema, async () => {
    const slice = { ...(await readSlice(job, number)), number, linesBefore: 0 };
    return await inSession(job, { files: await filesOf(job, slice) }, async (session, scratch) => {
      const from = start ?? (await likelyStart(job, slice));
      return await survey(job, { ...slice, start: from }, session, scratch);
    });
  });
}

function surveyKey(job: ScatterJob, number: number, start: number | undefined): string {
  return artefactKey(job, 'survey', number, start === undefined ? '.json' : `-from-${start}.json`);
}

/** What `surveySlice` has left; undefined where the slice has not been surveyed, or not from this byte. */
export async function readSurvey(job: ScatterJob, number: number, start?: number): Promise<SliceSurvey | undefined> {
  const bytes = await job.request.store.get(surveyKey(job, number, start));
  return bytes === undefined ? undefined : surveySchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
}

/** Where the slice likely begins. */
async function likelyStart(job: ScatterJob, { head, pieces }: Slice): Promise<number> {
  const [piece] = pieces;
  const part = cutPart(job, { pieces });
  if (part?.format !== 'csv' || piece === undefined || piece.begins || head === undefined) return piece?.from ?? 0;
  const end = Math.min(part.bytes, piece.from + windowBytes);
  const bytes = await bytesOf(job.request.store, part, piece.from - 1, end);
  const shape = { lineEnd: head.line_end, fields: head.names.length };
  return guessRecordStart(bytes, piece.from, dialectOf(part), shape);
}

async function survey(job: ScatterJob, slice: SliceAt, session: DuckDbSession, scratch: string): Promise<SliceSurvey> {
  const { request } = job;
  const unreadable = await openUnreadableRows(join(scratch, 'unreadable.ndjson'));
  const opened = await openSlice(job, slice, { session, scratch, unreadable }).finally(unreadable.close);
  const isCut = cutPart(job, slice) !== undefined;
  const [walked] = opened.walked;
  const [piece] = slice.pieces;
  const isCutCsv = isCut && opened.kind === 'text';
  return {
    start: isCutCsv ? slice.start : (piece?.from ?? 0),
    end: isCutCsv ? slice.start + (walked?.bytes ?? 0) : (piece?.to ?? 0),
    lines: isCut ? (walked?.lines ?? 0) : 0,
    rows: opened.rows,
    unreadable: unreadable.rows(),
    kind: opened.kind,
    fields: opened.fields.map(({ names, together, types }) => ({
      names: [...names],
      ...(types === undefined ? {} : { types: [...types] }),
      ...(together === undefined ? {} : { together: [...together] }),
    })),
    fails: await failsOf(opened, request.raw.parts.length > 1),
    cut_names: [...(opened.cutNames ?? [])],
    // Types are those of the shaped rows, where a shape is asked for.
    ...(asksForShape(request.settings) ? { evidence: [], added: [] } : await evidenceOf(job, slice, opened, session)),
  };
}

async function evidenceOf(
  { request }: ScatterJob,
  { pieces }: SliceAt,
  opened: OpenedParts,
  session: DuckDbSession,
): Promise<Pick<SliceSurvey, 'added' | 'evidence'>> {
  if (opened.kind === 'typed' || opened.rows === 0) return { evidence: [], added: [] };
  const apart = fieldsApart(opened.fields);
  const parts = pieces.flatMap(({ part }) => request.raw.parts[part] ?? []);
  const asked = askedColumns(request, opened, apart.to.columns);
  if (asked?.length === 0) return { evidence: [], added: [] };
  const raw = withPartColumns(await opened.write(apart.to), parts, request.raw.parts);
  const found = await gatherEvidence(session, {
    kind: opened.kind,
    relation: raw.relation,
    rows: raw.rows,
    columns: [...raw.columns.keys()].filter((column) => asked?.includes(column) !== false),
    numbers: numberStyle(request),
    dateFormat: () => request.settings.date_format,
  });
  const own = apart.to.columns.length;
  return {
    evidence: apart.of.flatMap(({ field, piece }, column) => {
      const of = found.get(column);
      return of === undefined ? [] : [{ piece, field, of }];
    }),
    added: raw.columns.slice(own).flatMap(({ sourceName: name }, at) => {
      const of = found.get(own + at);
      return of === undefined ? [] : [{ name, of }];
    }),
  };
}

/**
 * The columns whose values have to be asked; undefined where all have to be. Where a source is one CSV, each slice has its
 * columns, and it is known which types are given.
 */
function askedColumns(
  request: ScatterJob['request'],
  { kind }: OpenedParts,
  own: FieldPlaces['columns'],
): readonly number[] | undefined {
  if (kind !== 'text' || request.raw.parts.length > 1) return undefined;
  return openColumns(
    request,
    allColumns(request, kind, own).map(({ sourceName }) => sourceName),
  );
}

/**
 * Columns for the fields of parts. Only parts that follow one another with the very same fields share theirs: which fields
 * are one column depends on all that is before them.
 */
function fieldsApart(fields: readonly PartFields[]): {
  readonly to: FieldPlaces;
  /** The field that each column is of. */
  readonly of: readonly { readonly piece: number; readonly field: number }[];
} {
  const of: { readonly piece: number; readonly field: number }[] = [];
  const columns: FieldPlaces['columns'][number][] = [];
  let first = 0;
  const places = fields.map(({ names }, piece) => {
    if (!isDeepStrictEqual(names, fields[piece - 1]?.names)) {
      first = columns.length;
      for (const [field, sourceName] of names.entries()) {
        columns.push({ sourceName, duckType: 'VARCHAR' });
        of.push({ piece, field });
      }
    }
    return names.map((_, field) => first + field);
  });
  return { to: { columns, places }, of };
}

/** @param several  types may differ between parts */
async function failsOf({ fields, holds }: OpenedParts, several: boolean): Promise<SliceSurvey['fails']> {
  const fails: SliceSurvey['fails'] = [];
  for (const [piece, { types = [] }] of fields.entries()) {
    for (const [field, type] of types.entries()) {
      const question = questionOf(type) ?? (several ? 'exact_double' : undefined);
      if (question !== undefined && !(await holds(question, piece, field))) fails.push({ question, piece, field });
    }
  }
  return fails;
}
