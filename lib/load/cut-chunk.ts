import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { quoteName, quoteText } from '../duckdb/quote.ts';
import { maxRowBytes } from '../limits.ts';
import type { Column } from '../manifest.ts';
import type { ChunkRelation } from '../transform-result.ts';
import { textOf } from './rendering.ts';

/**
 * Text bytes of one batch at most. With the row and index overhead that DSQL accounts, this stays under its 10 MiB: 500
 * rows of 20 kB passed with 9.93 MiB without and with 9.11 MiB with four secondary indexes (DSQL troubleshooting guide).
 */
export const maxBatchBytes = 8 * 1024 * 1024;

/**
 * A cut falls where the running sum of bytes passes a multiple of this; no row is larger than 2 MiB, so no batch is
 * larger than `maxBatchBytes`. Cutting this way needs one pass and gives the same batches each time.
 */
const cutBytes = maxBatchBytes - maxRowBytes;

/** Bytes a row costs besides its text, for each column: length and null marks in the row and its index entries. */
const columnOverheadBytes = 8;

/** Which rows of a chunk go in one transaction. */
export interface BatchRange {
  readonly chunk: number;
  /** The batch's number in its chunk; halves of batch `3` are `3.0` and `3.1`. Part of the ledger's key. */
  readonly id: string;
  /** Half-open range of places in the chunk: the rows in the order of their ids, from 0. */
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

/** Types whose text is never longer than `fixedBytes`; numerics of up to 38 digits are. */
const fixedTypes =
  /^(smallint|integer|bigint|boolean|date|time|timestamp|uuid|real|double precision|numeric\((\d|[12]\d|3[0-8]),)/;
const fixedBytes = 42;

/** Bytes of a chunk whose batches are ranges of ids alone. */
const narrowBytes = 96 * 1024 * 1024;

/** Bytes that a row is taken to have: those of its texts, an SQL expression, and what every row of the chunk has. */
export interface RowSize {
  readonly texts: string;
  readonly fixed: number;
}

export function sizeOf(columns: readonly Column[]): RowSize {
  const texts = columns.filter((column) => !fixedTypes.test(column.type));
  return {
    texts: ['0', ...texts.map((column) => `coalesce(strlen(${textOf(column)}), 0)`)].join(' + '),
    fixed: (columns.length - texts.length) * fixedBytes + columns.length * columnOverheadBytes,
  };
}

/** A chunk's rows with their places, in a column that no clean column can have the name of. */
export function placed({ idColumn, relation }: ChunkRelation): string {
  return `(SELECT *, (row_number() OVER (ORDER BY ${quoteName(idColumn)}))::INTEGER - 1 AS ${place} FROM ${relation})`;
}

export const place = '"place in chunk"';

/** Rows of a chunk that go in one transaction. */
export interface Cut {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  /** The id of its first row. */
  readonly begins: string;
}

/** Where the batches of a chunk begin and end, by rows and bytes. The same chunk is always cut the same way. */
export async function cutChunk(
  session: DuckDbSession,
  chunk: ChunkRelation,
  batchRows: number,
  { fixed, texts }: RowSize,
): Promise<readonly Cut[]> {
  const cuts = await session.rows(`
    SELECT min(n)::INTEGER AS first, count(*)::INTEGER AS rows, sum(size)::BIGINT AS bytes, min(id)::VARCHAR AS begins FROM (
      SELECT n, id, size, by_rows, CASE WHEN whole <= ${maxBatchBytes} THEN 0 ELSE before // ${cutBytes} END AS by_bytes FROM (
        SELECT n, id, size, n // ${batchRows} AS by_rows, sum(size) OVER (PARTITION BY n // ${batchRows}) AS whole,
               sum(size) OVER (PARTITION BY n // ${batchRows} ORDER BY n ROWS UNBOUNDED PRECEDING) - size AS before
          FROM (SELECT ${place} AS n, ${quoteName(chunk.idColumn)} AS id, ${texts} + ${fixed} AS size FROM ${placed(chunk)})))
     GROUP BY by_rows, by_bytes ORDER BY first`);
  return cuts.map(({ begins, bytes, first, rows }, index) => {
    const from = Number(first);
    return { id: String(index), from, to: from + Number(rows), bytes: Number(bytes), begins: String(begins) };
  });
}

/** Bytes of texts up to which a row is narrow enough for batches by ranges of ids alone; undefined where it cannot be. */
export function widestNarrow(
  chunk: ChunkRelation,
  batchRows: number,
  { fixed }: Pick<RowSize, 'fixed'>,
): number | undefined {
  const widest = Math.floor(Math.min(maxBatchBytes / batchRows, narrowBytes / chunk.rows)) - fixed;
  return widest < 0 || partsOf(chunk.rows, batchRows) > mostParts ? undefined : widest;
}

/** How many batches a chunk is cut into, without rendering them. */
export async function countBatches(
  session: DuckDbSession,
  chunk: ChunkRelation,
  columns: readonly Column[],
  batchRows: number,
): Promise<number> {
  const size = sizeOf(columns);
  const widest = widestNarrow(chunk, batchRows, size);
  if (widest !== undefined) {
    const rows = await session.rows(`
      SELECT ${rangeOfId(chunk, batchRows)} AS range, count(*)::INTEGER AS rows
        FROM ${chunk.relation} WHERE ${size.texts} <= ${widest} GROUP BY 1`);
    const counts = rows.map((row) => Number(row.rows));
    const all = counts.reduce((sum, count) => sum + count, 0);
    if (all === chunk.rows && counts.every((count) => count <= batchRows)) return counts.length;
  }
  return (await cutChunk(session, chunk, batchRows, size)).length;
}

/** Rows of a batch that is cut by ids, of those it may have: ids are scattered, and one range has some more than others. */
const fill = 0.92;

/** Ranges that are told apart one after the other; of many the rows are rather sorted. */
const mostParts = 100;

function partsOf(rows: number, batchRows: number): number {
  return rows <= batchRows ? 1 : Math.ceil(rows / Math.max(1, Math.floor(batchRows * fill)));
}

/** SQL of which of the equal parts of all ids a row's id is in; as many parts as the chunk's rows need batches. */
export function rangeOfId({ idColumn, rows }: ChunkRelation, batchRows: number): string {
  const id = quoteName(idColumn);
  const parts = partsOf(rows, batchRows);
  const bound = (part: number): string => {
    const digits = Math.floor((part * 2 ** 32) / parts)
      .toString(16)
      .padStart(8, '0');
    return quoteText(`${digits}-0000-0000-0000-000000000000`);
  };
  const when = Array.from({ length: parts - 1 }, (_, part) => `WHEN ${id} < ${bound(part + 1)} THEN ${part}`);
  return when.length === 0 ? '0' : `CASE ${when.join(' ')} ELSE ${parts - 1} END`;
}

/** Cuts that follow each other and are rendered in one statement, with SQL of which of them a row is in, and whether in any. */
export interface CutGroup {
  readonly cuts: readonly Cut[];
  readonly which: string;
  readonly within: string;
}

/** Groups of cuts that have so many bytes at most, or are one cut. */
export function groupCuts({ idColumn }: ChunkRelation, cuts: readonly Cut[], mostBytes: number): readonly CutGroup[] {
  const groups: Cut[][] = [];
  let bytes = 0;
  for (const cut of cuts) {
    const last = groups.at(-1);
    if (last === undefined || last.length === mostParts || bytes + cut.bytes > mostBytes) {
      groups.push([cut]);
      bytes = cut.bytes;
    } else {
      last.push(cut);
      bytes += cut.bytes;
    }
  }
  const id = quoteName(idColumn);
  return groups.map((group, index) => {
    const [first] = group;
    const next = groups[index + 1]?.[0];
    const when = group.slice(1).map(({ begins }, cut) => `WHEN ${id} < ${quoteText(begins)} THEN ${cut}`);
    return {
      cuts: group,
      which: when.length === 0 ? '0' : `CASE ${when.join(' ')} ELSE ${group.length - 1} END`,
      within: `${id} >= ${quoteText(first?.begins ?? '')}${next === undefined ? '' : ` AND ${id} < ${quoteText(next.begins)}`}`,
    };
  });
}
