import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadModeTraits } from '../../config/load-mode.ts';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { quoteText } from '../../duckdb/quote.ts';
import type { Column } from '../../manifest.ts';
import { nearest } from '../../nearest.ts';
import { RowsUnaccountedError, UnknownColumnError } from '../errors.ts';
import type { LocalPart } from '../read/local-part.ts';
import { readParts } from '../read/read-parts.ts';
import { openUnreadableRows } from '../read/unreadable-rows.ts';
import type { TransformRequest } from '../request.ts';
import { cutChunks } from '../result/chunks.ts';
import { writeRejected } from '../result/rejected.ts';
import { cleanRelation, type WorkingColumn, type WorkingFile, workingRelation } from '../result/working-file.ts';
import { findColumn } from '../rules/column-scope.ts';
import { alive, filtered, repeated } from '../rules/compile-rules.ts';
import { scratchParquet } from '../scratch-parquet.ts';
import { findRepeatedRows, findSupersededRows } from './duplicates.ts';
import type { FinalColumn } from './final-columns.ts';
import { type CleanedFile, cleanInOnePass, cleanInTwoPasses } from './one-pass.ts';

/**
 * Rows of a chunk unless the request says otherwise: 44 batches, each of which writes to as small a part of the key. By
 * trial, PostgreSQL took 7 % less time for chunks of 100,000 than of 50,000, and those of 200,000 took 1.4 × the memory.
 */
export const defaultChunkRows = 80_000;
/** Bytes of a clean file, about, where its rows are wide; two are held in memory by the load. */
const chunkBytes = 64 * 1024 * 1024;

/**
 * Decides what becomes of every row of the parts. In this order things have their effect: read; exact duplicates; types
 * that hold all rows; rows that lack a required value or do not fit a declared type; blanks; business rules; keys that
 * occur twice; ids. Rejected rows are in the store when it resolves; chunks are cut and not yet written.
 *
 * @throws {RowsUnaccountedError} terminal: the counts do not add up
 */
export async function cleanSource(
  request: TransformRequest,
  session: DuckDbSession,
  parts: readonly LocalPart[],
  scratch: string,
): Promise<WorkingFile> {
  const { settings, store, prefix } = request;
  const report = (stage: 'read' | 'clean', rows: number) => request.onProgress?.({ stage, rows });
  const workingPath = join(scratch, 'work.parquet');
  let early: CleanedFile | undefined;
  const unreadable = await openUnreadableRows(join(scratch, 'rejected.ndjson'));
  const raw = await readParts(session, parts, scratch, unreadable, {
    onWhole: async (file) => {
      early = await cleanInOnePass(session, request, file, workingPath);
    },
    signal: request.signal,
  }).finally(unreadable.close);
  report('read', raw.rows);

  const worked =
    raw.unwritten && early !== undefined ? early : await cleanInTwoPasses(session, request, raw, workingPath);
  const { finished, planned, reasons } = worked;
  const columns = manifestColumns(finished);
  const written = workingRelation(workingPath);
  const repeats = settings.deduplicate
    ? await findRepeatedRows(session, raw, worked.hashed ? written : undefined)
    : undefined;
  const work =
    repeats === undefined
      ? written
      : `(SELECT * REPLACE (CASE WHEN o IN (SELECT o FROM ${repeats}) THEN ${repeated} ELSE s END AS s) FROM ${written})`;
  const keys = settings.key_columns.flatMap((name) => namedColumn(request, finished, 'key_columns', name) ?? []);
  // An insert would meet the first row of the key in the table; upsert and replace would end with the last.
  const lastWins = loadModeTraits[settings.load_mode].keepsLast;
  const latestBy =
    settings.latest_by === undefined ? undefined : namedColumn(request, finished, 'latest_by', settings.latest_by)?.id;
  const superseded =
    keys.length === 0 || planned.length === 0
      ? undefined
      : await findSupersededRows(
          session,
          { relation: `(SELECT * FROM ${work} WHERE s = ${alive})`, rows: raw.rows },
          keys.map((key) => key.id),
          lastWins ? 'last' : 'first',
          latestBy,
        );

  const states = await session.rows(`SELECT s, count(*) AS n FROM ${work} GROUP BY s`);
  const inState = (state: number): number => Number(states.find((row) => Number(row.s) === state)?.n ?? 0);
  const [again] = superseded === undefined ? [] : await session.rows(`SELECT count(*) AS n FROM ${superseded}`);
  const supersededRows = Number(again?.n ?? 0);
  report('clean', inState(alive));

  const dropped = [repeats, superseded].flatMap((table) => (table === undefined ? [] : `SELECT o FROM ${table}`));
  const droppedPath = dropped.length === 0 ? undefined : join(scratch, 'dropped.parquet');
  if (droppedPath !== undefined) {
    const ordinals = `(SELECT o FROM (${dropped.join(' UNION ALL ')}) ORDER BY o)`;
    await session.run(`COPY ${ordinals} TO ${quoteText(droppedPath)} ${scratchParquet}`);
  }
  const clean = cleanRelation({ droppedPath, workingPath });
  const chunks = await cutChunks(
    session,
    clean,
    request.chunkRows ?? (await rowsPerChunk(session, workingPath)),
    prefix,
  );

  const reasonsPath = join(scratch, 'reasons.json');
  await writeFile(reasonsPath, JSON.stringify(reasons.all()));
  const refused = `(SELECT o, r."column" AS column_name, r.reason, NULL::BIGINT AS other FROM ${work} JOIN
    read_json(${quoteText(reasonsPath)}, columns = {code: 'BIGINT', "column": 'VARCHAR', reason: 'VARCHAR'}, format = 'array') r ON s = r.code)`;
  const sameKey = `SELECT o, ${quoteText(keys.map((key) => key.name).join(', '))} AS column_name, 'the same key as row' AS reason, kept AS other FROM ${superseded}`;
  const rejectedPath = unreadable.path;
  const keysRefused = superseded !== undefined && !lastWins;
  const kept = [alive, filtered, repeated].reduce((sum, state) => sum + inState(state), 0);
  const rejectedRows =
    kept === raw.rows && !keysRefused
      ? 0
      : await writeRejected(
          session,
          raw,
          keysRefused ? `(SELECT * FROM ${refused} UNION ALL ${sameKey})` : refused,
          rejectedPath,
        );

  const here = unreadable.rows() + rejectedRows;
  const rejected = [...request.raw.rejected];
  if (here > 0) {
    const location = `${prefix}/rejected/part-00000.ndjson`;
    await store.putFile(location, rejectedPath);
    rejected.push({ location, rows: here });
  }
  const before = request.raw.rejected.reduce((sum, file) => sum + file.rows, 0);
  const counts = {
    rows_read: raw.rows + unreadable.rows() + before,
    rows_filtered: inState(filtered),
    rows_deduplicated: inState(repeated) + (lastWins ? supersededRows : 0),
    rows_rejected: here + before,
    rows_clean: chunks.reduce((sum, chunk) => sum + chunk.rows, 0),
  };
  const found = counts.rows_filtered + counts.rows_deduplicated + counts.rows_rejected + counts.rows_clean;
  if (found !== counts.rows_read) {
    throw new RowsUnaccountedError({ where: 'Adding up the rows', expected: counts.rows_read, found });
  }
  return {
    columns,
    chunks,
    rejected,
    counts,
    working: finished.map(workingColumn),
    keys: keys.map(workingColumn),
    workingPath,
    droppedPath,
  };
}

function workingColumn({ duckType, id, name }: FinalColumn): WorkingColumn {
  return { id, name, duckType };
}

/** As many rows as keep a chunk at about `chunkBytes`, so that rows of any width can be rendered in memory. */
async function rowsPerChunk(session: DuckDbSession, path: string): Promise<number> {
  const [size] = await session.rows(`
    SELECT coalesce(sum(total_uncompressed_size), 0) AS bytes FROM parquet_metadata(${quoteText(path)})
     WHERE path_in_schema <> 'h'`);
  const [count] = await session.rows(`SELECT num_rows AS n FROM parquet_file_metadata(${quoteText(path)})`);
  const perRow = Math.max(1, Number(size?.bytes ?? 0) / Math.max(1, Number(count?.n ?? 0)));
  return Math.max(1, Math.min(defaultChunkRows, Math.floor(chunkBytes / perRow)));
}

function manifestColumns(columns: readonly FinalColumn[]): Column[] {
  return [
    { name: 'uuid_id', type: 'uuid' },
    ...columns.map(({ name, sourceName, type, evidence }) => ({
      name,
      type: type.pg,
      ...(sourceName === undefined || sourceName === name ? {} : { source_name: sourceName }),
      evidence,
    })),
    { name: 'extracted_at', type: 'timestamptz' },
  ];
}

/** The column a setting names; undefined only when the source has no columns at all. */
function namedColumn(
  request: TransformRequest,
  columns: readonly FinalColumn[],
  setting: string,
  name: string,
): FinalColumn | undefined {
  const column = findColumn(columns, name);
  if (column === undefined && columns.length > 0) {
    const known = columns.map((one) => one.sourceName ?? one.name);
    const { name: pipeline } = request.settings;
    throw new UnknownColumnError({ pipeline, setting, column: name, nearest: nearest(name, known), known });
  }
  return column;
}
