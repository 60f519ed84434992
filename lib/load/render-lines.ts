import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { quoteText } from '../duckdb/quote.ts';
import type { Column } from '../manifest.ts';
import type { ChunkRelation } from '../transform-result.ts';
import { type BatchRange, cutChunk, groupCuts, rangeOfId, sizeOf, widestNarrow } from './cut-chunk.ts';
import { LineFiles } from './line-files.ts';
import { lineOf } from './rendering.ts';

/** For COPY. */
export interface Lines {
  readonly form: 'lines';
  /** Of the batch; to be removed when it is written. */
  readonly lines: LineFiles;
}

interface LinesRequest {
  readonly session: DuckDbSession;
  readonly chunk: ChunkRelation;
  readonly columns: readonly Column[];
  readonly batchRows: number;
  /** As `renderArrays` has it. */
  readonly sized: readonly Column[];
  /** A folder that the session may write to. */
  readonly folder: string;
}

/**
 * The batches of a chunk in their order, cut as `renderArrays` cuts them and written to files as lines of COPY, a folder
 * for each. DuckDB writes a line when it has it, and Node reads it when it is sent, so that neither holds a chunk.
 */
export async function* renderLines(request: LinesRequest): AsyncGenerator<Iterable<BatchRange & Lines>> {
  const { batchRows, chunk, session, sized } = request;
  const narrow = await renderNarrow(request);
  if (narrow !== undefined) {
    yield narrow;
    return;
  }
  const cuts = await cutChunk(session, chunk, batchRows, sizeOf(sized));
  for (const group of groupCuts(chunk, cuts, Number.POSITIVE_INFINITY)) {
    const files = await writeLines(request, group.which, group.within);
    yield group.cuts.map(({ from, id, to }, index) => {
      const lines = files.get(index) ?? new LineFiles([]);
      return { chunk: chunk.number, id, from, to, rows: to - from, form: 'lines' as const, lines };
    });
  }
}

/** As that of arrays: all batches of a chunk, each a range of ids, or undefined where one would be too large. */
async function renderNarrow(request: LinesRequest): Promise<readonly (BatchRange & Lines)[] | undefined> {
  const { batchRows, chunk, sized } = request;
  const { fixed, texts } = sizeOf(sized);
  const widest = widestNarrow(chunk, batchRows, { fixed });
  if (widest === undefined) return undefined;
  const files = await writeLines(request, rangeOfId(chunk, batchRows), `${texts} <= ${widest}`);
  const batches: (BatchRange & Lines)[] = [];
  let from = 0;
  for (const [, lines] of [...files].toSorted(([one], [other]) => one - other)) {
    const rows = lines.count();
    batches.push({
      chunk: chunk.number,
      id: String(batches.length),
      from,
      to: from + rows,
      rows,
      form: 'lines',
      lines,
    });
    from += rows;
  }
  if (from === chunk.rows && batches.every(({ rows }) => rows <= batchRows)) return batches;
  for (const { lines } of batches) await lines.remove();
  return undefined;
}

/**
 * Writes the lines of a chunk's rows to files.
 *
 * @param which   SQL of the number of a row's batch
 * @param within  SQL condition of the rows that are wanted
 * @returns the files of each batch that has rows, by its number
 */
async function writeLines(
  { chunk, columns, folder, session }: LinesRequest,
  which: string,
  within: string,
): Promise<ReadonlyMap<number, LineFiles>> {
  const into = join(folder, `${chunk.number}-${randomUUID()}`);
  await session.run(`
    COPY (SELECT ${which} AS batch, ${lineOf(columns)} AS line FROM ${chunk.relation} WHERE ${within})
      TO ${quoteText(into)} (${asTheyAre}, PARTITION_BY (batch))`);
  const files = new Map<number, LineFiles>();
  for (const name of await readdir(into).catch(noneWritten)) {
    const batch = join(into, name);
    const paths = (await readdir(batch)).toSorted().map((file) => join(batch, file));
    files.set(Number(name.slice('batch='.length)), new LineFiles(paths));
  }
  return files;
}

/** Options of COPY for lines: a line holds neither its delimiter nor its end, and so nothing is quoted. */
const asTheyAre = "FORMAT csv, HEADER false, DELIMITER '\r', QUOTE '', ESCAPE ''";

/** DuckDB makes no folder where there are no rows. */
function noneWritten(error: NodeJS.ErrnoException): readonly string[] {
  if (error.code !== 'ENOENT') throw error;
  return [];
}

/** A folder for rendered lines, which nobody else may read; it is gone when the work ends. */
export async function withLineFolder<T>(scratchDir: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(scratchDir, 'lines-'));
  try {
    return await work(folder);
  } finally {
    // A statement that a failure has interrupted may be in its last steps.
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
