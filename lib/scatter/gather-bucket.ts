import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { parquetRows } from '../duckdb/parquet-rows.ts';
import { quoteName } from '../duckdb/quote.ts';
import { chunkSchema } from '../manifest.ts';
import { findDuplicates } from '../transform/clean/duplicate-states.ts';
import { findRepeatedRows } from '../transform/clean/duplicates.ts';
import { workingColumn } from '../transform/clean/target-columns.ts';
import { openScratchWriter } from '../transform/read/scratch-writer.ts';
import { rowsPerChunk } from '../transform/result/chunk-rows.ts';
import { cutChunks, writeChunks } from '../transform/result/chunks.ts';
import { rejectedLine } from '../transform/result/rejected.ts';
import { chunkColumns, idOf } from '../transform/result/working-file.ts';
import { alive } from '../transform/row-state.ts';
import { fetchBucket } from './bucket-rows.ts';
import { artefact, artefactKey, inSession, leftBy, type ScatterJob } from './job.ts';
import { type DecidedRows, decideNothing, readPlan } from './plan-source.ts';
import { RejectionTally, tallySchema, tellOrder } from './rejection-tally.ts';
import { idsOfBuckets, writeIds } from './write-ids.ts';

const gatherSchema = z.strictObject({
  chunks: z.array(chunkSchema),
  /** Rows by their states, repeats counted, with the place of the first. */
  states: z.array(
    z.strictObject({
      state: z.int(),
      rows: z.int(),
      first: z.strictObject({ order: z.int(), source: z.string(), line: z.int() }),
    }),
  ),
  /** Living rows whose key another row has. */
  superseded: z.int().min(0),
  rejected: z.strictObject({ location: z.string(), rows: z.int().min(1) }).nullable(),
  tally: tallySchema,
  /** Files of ids by range that it has written; one of an earlier release has none. */
  ids: z.int().min(0).default(0),
});

export type GatheredBucket = z.infer<typeof gatherSchema>;

/** Columns of a bucket's files that chunks do not have. */
const apart = ['o', 's', 'i', 'l', 'p', 'j'];

/**
 * Decides about the rows of a bucket what depends on other rows, repeats and keys, and writes its chunks and rejected rows.
 *
 * Killed midway: chunks may lie in the store; a repeat writes the same bytes.
 */
export async function gatherBucket(job: ScatterJob, number: number): Promise<GatheredBucket> {
  const { store } = job.request;
  return await artefact(job, gatherKey(job, number), gatherSchema, async () => {
    const plan = await readPlan(job);
    const decided = await decideNothing(job, plan);
    const prefix = artefactKey(job, 'bucket', number, '');
    const folders = [dirname(await store.scratchPath(`${prefix}/clean/part-00000.parquet`))];
    return await inSession(job, { files: [], folders }, async (session, scratch) => {
      const paths = await fetchBucket(job, number, { slices: plan.slices, session, scratch });
      if (paths.length === 0) return { chunks: [], states: [], superseded: 0, rejected: null, tally: [], ids: 0 };
      return await gather(job, {
        decided,
        ids: idsOfBuckets(job, plan, decided),
        session,
        scratch,
        paths,
        prefix,
        number,
      });
    });
  });
}

function gatherKey(job: ScatterJob, number: number): string {
  return artefactKey(job, 'gather', number, '.json');
}

/** What `gatherBucket` has left. */
export async function readGathered(job: ScatterJob, number: number): Promise<GatheredBucket> {
  return await leftBy(job, gatherKey(job, number), gatherSchema);
}

interface Gathering {
  readonly decided: DecidedRows;
  readonly ids: ReturnType<typeof idsOfBuckets>;
  readonly session: DuckDbSession;
  readonly scratch: string;
  /** Parquet files of the bucket's rows. */
  readonly paths: readonly string[];
  readonly prefix: string;
  readonly number: number;
}

async function gather(job: ScatterJob, at: Gathering): Promise<GatheredBucket> {
  const { request } = job;
  const { settings } = request;
  const { decided, paths, session } = at;
  const { keys, latestBy } = decided.target;
  const written = `(SELECT * FROM ${parquetRows(paths)})`;
  const [counted] = await session.rows(`SELECT count(*) AS n, count(i) AS told FROM ${written}`);
  const count = Number(counted?.n);
  const repeats =
    Number(counted?.told) < 2
      ? undefined
      : await findRepeatedRows(session, { relation: written, rows: count, columns: 'i', hash: 'hash(i)' });
  const duplicates = await findDuplicates({ settings }, session, { written, count, repeats, keys, latestBy });
  const { lastWins, rows, superseded } = duplicates;
  const living = `(SELECT * FROM ${rows} WHERE s = ${alive}${superseded === undefined ? '' : ` AND o NOT IN (SELECT o FROM ${superseded})`})`;
  const states = await session.rows(
    `SELECT s, count(*) AS n, min(o) AS o, arg_min(l, o) AS l, arg_min(p, o) AS p FROM ${rows} GROUP BY s ORDER BY s`,
  );
  const tally = new RejectionTally();
  const sameKey = superseded === undefined || lastWins ? undefined : superseded;
  return {
    states: states.map(({ l, n, o, p, s }) => ({
      state: Number(s),
      rows: Number(n),
      first: { order: Number(o), source: sourceOf(job, Number(p)), line: Number(l) },
    })),
    superseded: duplicates.supersededRows,
    rejected: await writeRejectedRows(job, at, { rows, sameKey, tally }),
    tally: tally.entries(),
    chunks: await writeBucketChunks(job, at, living),
    ids: await writeIds(job, at.ids, { ...at, raw: request.raw, bucket: at.number, living }),
  };
}

async function writeBucketChunks(job: ScatterJob, at: Gathering, living: string): Promise<GatheredBucket['chunks']> {
  const { raw, signal = new AbortController().signal, store, threads, ...request } = job.request;
  const { decided, paths, prefix, session } = at;
  const { columns, keys, kept } = decided.target;
  const chunkRows = request.chunkRows ?? (await rowsPerChunk(session, paths, apart));
  const ranges = await cutChunks(session, living, chunkRows, prefix);
  const list = chunkColumns({ columns, keys: keys.map(workingColumn), working: kept.map(workingColumn) }, raw);
  const id = quoteName(idOf({ columns }));
  const chunks: GatheredBucket['chunks'] = [];
  await writeChunks(session, {
    chunks: ranges,
    rows: (index) => {
      const [from, to] = [ranges[index]?.first ?? 0, ranges[index + 1]?.first];
      const within = `o >= ${from}${to === undefined ? '' : ` AND o < ${to}`}`;
      return `SELECT * REPLACE (${id}::UUID AS ${id}) FROM
        (SELECT ${list} FROM (SELECT * FROM ${living} WHERE ${within}) AS w ORDER BY w.o)`;
    },
    written: () => false,
    store,
    writers: Math.min(threads ?? 2, 2),
    signal,
    paused: new AbortController().signal,
    onChunk: (index, chunk) => {
      chunks[index] = chunk;
    },
  });
  return chunks;
}

/** Writes the rows that are rejected, in their order. @returns the file; null where there are none */
async function writeRejectedRows(
  job: ScatterJob,
  { decided, prefix, scratch, session }: Gathering,
  at: { readonly rows: string; readonly sameKey: string | undefined; readonly tally: RejectionTally },
): Promise<GatheredBucket['rejected']> {
  const reasons = new Map(decided.reasons.all().map((reason) => [reason.code, reason]));
  const refused = `SELECT o, s AS code, NULL::BIGINT AS other FROM ${at.rows} WHERE s >= 10`;
  const again = at.sameKey === undefined ? '' : ` UNION ALL SELECT o, 0 AS code, kept AS other FROM ${at.sameKey}`;
  const result = await session.connection.stream(
    `SELECT r.o, r.code, w.l, w.p, w.j, k.l AS kept FROM (${refused}${again}) AS r JOIN ${at.rows} AS w ON w.o = r.o
       LEFT JOIN ${at.rows} AS k ON k.o = r.other ORDER BY r.o`,
  );
  const path = join(scratch, 'rejected.ndjson');
  const writer = await openScratchWriter(path);
  const keyNames = decided.target.keys.map((key) => key.name).join(', ');
  let rows = 0;
  try {
    for await (const chunk of result.yieldRowsJs()) {
      for (const [o, code, line, part, row, kept] of chunk) {
        const known = reasons.get(Number(code)) ?? { column: keyNames, reason: 'the same key as row' };
        const place = { source: sourceOf(job, Number(part)), row_number: Number(line), column_name: known.column };
        at.tally.add({ ...place, reason: known.reason, rows: 1, order: [tellOrder.row, Number(o), 0] });
        const reason = kept === null ? known.reason : `${known.reason} ${Number(kept)}`;
        await writer.write(rejectedLine({ ...place, reason }, String(row)));
        rows += 1;
      }
    }
  } finally {
    await writer.close();
  }
  if (rows === 0) return null;
  const location = `${prefix}/rejected.ndjson`;
  await job.request.store.putFile(location, path);
  return { location, rows };
}

function sourceOf({ request }: ScatterJob, part: number): string {
  return request.raw.parts[part]?.source ?? '';
}
