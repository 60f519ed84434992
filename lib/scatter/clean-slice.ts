import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { loadModeTraits } from '../config/load-mode.ts';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { quoteText } from '../duckdb/quote.ts';
import { withAbsentColumns } from '../transform/clean/absent-columns.ts';
import { columnDrift } from '../transform/clean/drift.ts';
import { keptColumns } from '../transform/clean/kept-columns.ts';
import type { RawRows } from '../transform/read/raw-rows.ts';
import { placeOfRow } from '../transform/read/row-place.ts';
import { openUnreadableRows } from '../transform/read/unreadable-rows.ts';
import { rowText } from '../transform/result/rejected.ts';
import { Rejections } from '../transform/result/rejections.ts';
import { keyId } from '../transform/result/row-id.ts';
import { workingRelation } from '../transform/result/working-file.ts';
import { alive } from '../transform/row-state.ts';
import { shapeKnown } from '../transform/shape/shape-rows.ts';
import { bucketOfHex, bucketOfRow } from './bucket.ts';
import { writeBuckets } from './bucket-rows.ts';
import { artefact, artefactKey, inSession, leftBy, type ScatterJob } from './job.ts';
import { filesOf, type SliceReading } from './open-slice.ts';
import {
  type DecidedRows,
  decideRows,
  type PlacedSlice,
  placedSlice,
  readPlan,
  type ScatterPlan,
} from './plan-source.ts';
import { readRecords } from './read-records.ts';
import { RejectionTally, tallySchema, tellOrder } from './rejection-tally.ts';
import { rowIdentity } from './row-identity.ts';

const cleanSchema = z.strictObject({
  rows: z.int().min(0),
  /** Rows that could not be read. */
  rejected: z.strictObject({ location: z.string(), rows: z.int().min(1) }).nullable(),
  tally: tallySchema,
  /** Of columns that neither the table nor the configuration has: rows with a value, and the place of the first. */
  added: z.array(
    z.strictObject({
      name: z.string(),
      rows: z.int(),
      first: z.strictObject({ source: z.string(), line: z.int() }).nullable(),
    }),
  ),
});

export type CleanedSlice = z.infer<typeof cleanSchema>;

/**
 * Decides about the rows of a slice what can be decided of each alone, and writes them bucket by bucket:
 *
 *   o place in the source, from 1 · s state · i identity of the raw row · l, p its line and part ·
 *   j the raw row as JSON, where it is or may yet be rejected · the working columns
 *
 * A row's repeats are in its bucket, and so are the living rows of its key.
 */
export async function cleanSlice(job: ScatterJob, number: number): Promise<CleanedSlice> {
  const { request } = job;
  return await artefact(job, cleanKey(job, number), cleanSchema, async () => {
    const plan = await readPlan(job);
    const slice = await placedSlice(job, number);
    const files = [
      ...job.lookups.flatMap((lookup) => lookup.parts.map(({ path }) => path)),
      ...(await filesOf(job, slice)),
    ];
    return await inSession(job, { files }, async (session, scratch) => {
      const rejections = new Rejections();
      const unreadable = await openUnreadableRows(join(scratch, 'unreadable.ndjson'), rejections);
      const reading = { session, scratch, unreadable };
      const read = await readRecords(job, plan, slice, reading).finally(unreadable.close);
      const raw = withAbsentColumns(request, await shaped(job, plan, read, reading));
      const workingPath = join(scratch, 'work.parquet');
      const decided = await decideRows(job, plan, raw, { session, scratch, workingPath });
      request.onProgress?.({ stage: 'read', rows: raw.rows + slice.rowsBefore });
      const rows = await bucketedRows(job, plan, { slice, raw, decided, session, scratch, workingPath });
      await writeBuckets(job, { number, rows, count: raw.rows, buckets: plan.buckets, session, scratch });
      const added = await addedColumns(job, { raw, decided, session, workingPath });
      const refused = artefactKey(job, 'unreadable', number, '.ndjson');
      if (unreadable.rows() > 0) await request.store.putFile(refused, unreadable.path);
      return {
        rows: raw.rows,
        rejected: unreadable.rows() === 0 ? null : { location: refused, rows: unreadable.rows() },
        tally: talliedLines(rejections, number),
        added,
      };
    });
  });
}

function cleanKey(job: ScatterJob, number: number): string {
  return artefactKey(job, 'clean', number, '.json');
}

/** What `cleanSlice` has left. */
export async function readCleaned(job: ScatterJob, number: number): Promise<CleanedSlice> {
  return await leftBy(job, cleanKey(job, number), cleanSchema);
}

/** The rows that the records become, by what is known of all of them. */
async function shaped(
  { request }: ScatterJob,
  { shape }: ScatterPlan,
  raw: RawRows,
  { scratch, session }: SliceReading,
): Promise<RawRows> {
  if (shape === undefined) return raw;
  const known = { known: shape.evidence, isPiece: false };
  return (await shapeKnown(request, session, raw, scratch, known)).raw;
}

interface CleanedRows {
  readonly raw: RawRows;
  readonly decided: DecidedRows;
  readonly session: DuckDbSession;
  readonly workingPath: string;
}

/** A query of the rows with the bucket `b` of each, in no order. */
async function bucketedRows(
  job: ScatterJob,
  plan: ScatterPlan,
  at: CleanedRows & { readonly slice: PlacedSlice; readonly scratch: string },
): Promise<string> {
  const { decided, raw, slice, workingPath } = at;
  const { settings } = job.request;
  const { keys } = decided.target;
  const before = slice.rowsBefore;
  const told = settings.deduplicate && raw.columns.length > 0;
  // A row may yet meet another one of its key, and is rejected then.
  const keepsFirst = keys.length > 0 && !loadModeTraits[settings.load_mode].keepsLast;
  const kept = keepsFirst ? `s >= ${firstReason} OR s = ${alive}` : `s >= ${firstReason}`;
  const text = `CASE WHEN ${kept} THEN ${rowText(raw, keptColumns(job.request, raw))} END`;
  const record = raw.records === undefined ? 'o' : 'r';
  const sha = told ? (raw.records === undefined ? `sha256(${rowIdentity(raw)})` : 'sha') : 'NULL::VARCHAR';
  const identities = told && raw.records !== undefined ? `JOIN ${elementIdentities(raw, raw.records)} USING (o)` : '';
  const rows = `(SELECT w.*, ${record} AS r, ${sha} AS sha, ${text} AS j
    FROM ${workingRelation(workingPath)} AS w JOIN ${raw.relation} USING (o) ${identities})`;
  const keyed = keys.length === 0 ? '' : `WHEN s = ${alive} THEN ${bucketOfHex(keyId(keys), plan.buckets)}`;
  const other = told ? bucketOfHex('sha', plan.buckets) : bucketOfRow(`o + ${before}`, plan);
  const { join: placed, line, part } = await placesOf(at, slice.pieces);
  const columns = decided.columns.map(({ id }) => id);
  return `SELECT ${[
    `(CASE ${keyed === '' ? 'WHEN false THEN 0' : keyed} ELSE ${other} END)::INTEGER AS b`,
    `(o + ${before})::BIGINT AS o`,
    's',
    'unhex(sha) AS i',
    `(${line})::BIGINT AS l`,
    `(${part})::INTEGER AS p`,
    'j',
    ...columns,
  ].join(', ')} FROM ${rows} ${placed}`;
}

/** A relation of the rows of shaped records: a row repeats another one if their records are equal, and its place in its own is the same. */
function elementIdentities({ relation }: RawRows, records: RawRows): string {
  const places = `SELECT o, r, o - min(o) OVER (PARTITION BY r) AS place FROM ${relation}`;
  const told = `SELECT o AS r, ${rowIdentity(records)} AS record FROM ${records.relation}`;
  return `(SELECT o, sha256(place || ':' || record) AS sha FROM (${places}) JOIN (${told}) USING (r))`;
}

/** The first state that is a reason; see `RejectReasons`. */
const firstReason = 10;

/** SQL of the line and the part of a row whose record has the ordinal `r`. */
async function placesOf(
  { raw, scratch, session }: CleanedRows & { readonly scratch: string },
  pieces: PlacedSlice['pieces'],
): Promise<{ readonly join: string; readonly line: string; readonly part: string }> {
  const places = raw.parts.flatMap(({ base, lines }, piece) =>
    lines
      .entries()
      .map(({ record, shift }) => ({ at: base + record, shift: shift - base, part: pieces[piece]?.part ?? 0 })),
  );
  const [only] = places;
  if (only === undefined || places.length === 1) {
    return { join: '', line: `r + ${only?.shift ?? 0}`, part: `${only?.part ?? 0}` };
  }
  const path = join(scratch, 'places.csv');
  await writeFile(path, places.map(({ at, part, shift }) => `${at},${shift},${part}\n`).join(''));
  const columns = "columns = {begin_o: 'BIGINT', shift: 'BIGINT', part: 'INTEGER'}";
  await session.run(
    `CREATE TABLE place AS SELECT * FROM read_csv(${quoteText(path)}, ${columns}, auto_detect = false, header = false, hive_partitioning = false)`,
  );
  return { join: 'ASOF LEFT JOIN place ON r >= place.begin_o', line: 'r + place.shift', part: 'place.part' };
}

async function addedColumns(
  { request }: ScatterJob,
  { decided, raw, session, workingPath }: CleanedRows,
): Promise<CleanedSlice['added']> {
  const added: CleanedSlice['added'] = [];
  for (const { id, name } of columnDrift(request, decided.columns).added) {
    const [found] = await session.rows(
      `SELECT count(${id}) AS n, min(o) FILTER (WHERE ${id} IS NOT NULL) AS o FROM ${workingRelation(workingPath)}`,
    );
    const rows = Number(found?.n);
    added.push({ name, rows, first: rows === 0 ? null : await placeOfRow(session, raw, Number(found?.o)) });
  }
  return added;
}

/** Lines that cannot be read are told of before records that are no rows. */
function talliedLines(rejections: Rejections, number: number): CleanedSlice['tally'] {
  const tally = new RejectionTally();
  for (const [at, entry] of rejections.entries().entries()) {
    const phase = entry.reason.startsWith('the line ') ? tellOrder.line : tellOrder.record;
    tally.add({ ...entry, order: [phase, number, at] });
  }
  return tally.entries();
}
