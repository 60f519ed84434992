import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { quoteName, quoteText } from '../duckdb/quote.ts';
import { maxRowBytes } from '../limits.ts';
import type { Column } from '../manifest.ts';
import type { ChunkRelation } from '../transform-result.ts';
import { type RenderedRow, type Rendering, textOf } from './rendering.ts';

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

/** Rendered rows that are held in memory at once, about; a chunk is rendered whole unless it is wider than this. */
const groupBytes = 96 * 1024 * 1024;

/** Bytes that a row is taken to have: those of its texts, an SQL expression, and what every row of the chunk has. */
interface RowSize {
  readonly texts: string;
  readonly fixed: number;
}

function sizeOf(columns: readonly Column[]): RowSize {
  const texts = columns.filter((column) => !fixedTypes.test(column.type));
  return {
    texts: ['0', ...texts.map((column) => `coalesce(strlen(${textOf(column)}), 0)`)].join(' + '),
    fixed: (columns.length - texts.length) * fixedBytes + columns.length * columnOverheadBytes,
  };
}

/** A chunk's rows with their places, in a column that no clean column can have the name of. */
function placed({ idColumn, relation }: ChunkRelation): string {
  return `(SELECT *, (row_number() OVER (ORDER BY ${quoteName(idColumn)}))::INTEGER - 1 AS ${place} FROM ${relation})`;
}

const place = '"place in chunk"';

/** Rows of a chunk that go in one transaction. */
interface Cut {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** Where the batches of a chunk begin and end, by rows and bytes. The same chunk is always cut the same way. */
async function cutChunk(
  session: DuckDbSession,
  chunk: ChunkRelation,
  batchRows: number,
  { fixed, texts }: RowSize,
): Promise<readonly Cut[]> {
  const cuts = await session.rows(`
    SELECT min(n)::INTEGER AS first, count(*)::INTEGER AS rows, sum(size)::BIGINT AS bytes FROM (
      SELECT n, size, by_rows, CASE WHEN whole <= ${maxBatchBytes} THEN 0 ELSE before // ${cutBytes} END AS by_bytes FROM (
        SELECT n, size, n // ${batchRows} AS by_rows, sum(size) OVER (PARTITION BY n // ${batchRows}) AS whole,
               sum(size) OVER (PARTITION BY n // ${batchRows} ORDER BY n ROWS UNBOUNDED PRECEDING) - size AS before
          FROM (SELECT ${place} AS n, ${texts} + ${fixed} AS size FROM ${placed(chunk)})))
     GROUP BY by_rows, by_bytes ORDER BY first`);
  return cuts.map(({ bytes, first, rows }, index) => {
    const from = Number(first);
    return { id: String(index), from, to: from + Number(rows), bytes: Number(bytes) };
  });
}

/**
 * The batches of a chunk in their order, cut by rows and bytes and rendered inside DuckDB; as many at a time as memory
 * allows, which for rows of ordinary width is the whole chunk.
 *
 * @param sized  the columns by whose sizes it is cut: where the cut has to be the same each time, all of the chunk,
 *   whichever of them the table takes today
 */
export async function* renderBatches<B>(
  session: DuckDbSession,
  chunk: ChunkRelation,
  columns: readonly Column[],
  batchRows: number,
  rendering: Rendering<B>,
  sized: readonly Column[] = columns,
): AsyncGenerator<Iterable<BatchRange & B>> {
  const narrow = await renderNarrow(session, chunk, columns, batchRows, rendering, sizeOf(sized));
  if (narrow !== undefined) {
    yield narrow;
    return;
  }
  const group: Cut[] = [];
  let bytes = 0;
  for (const cut of await cutChunk(session, chunk, batchRows, sizeOf(sized))) {
    if (group.length > 0 && bytes + cut.bytes > groupBytes) {
      yield await renderCuts(session, chunk, columns, group.splice(0), rendering, batchRows);
      bytes = 0;
    }
    group.push(cut);
    bytes += cut.bytes;
  }
  if (group.length > 0) yield await renderCuts(session, chunk, columns, group, rendering, batchRows);
}

/** Rows of a batch that is cut by ids, of those it may have: ids are scattered, and one range has some more than others. */
const fill = 0.92;

/**
 * All batches of a chunk at once, each a range of ids, without sorting the rows or looking for where to cut, which costs
 * as much as reading the chunk. Undefined where a range has too many rows, or one so wide that a batch of such rows would
 * pass its limit of bytes.
 */
async function renderNarrow<B>(
  session: DuckDbSession,
  chunk: ChunkRelation,
  columns: readonly Column[],
  batchRows: number,
  rendering: Rendering<B>,
  { fixed, texts }: RowSize,
): Promise<Iterable<BatchRange & B> | undefined> {
  const widest = widestNarrow(chunk, batchRows, { fixed });
  if (widest === undefined) return undefined;
  const ranges = new Map<number, { rows: number; readonly parts: B[] }>();
  for (const piece of chunk.pieces) {
    // The wide rows are left out before anything is rendered, and then some are missing.
    const rows = await session.rows(`
      SELECT ${rangeOfId(chunk, batchRows)} AS range, count(*)::INTEGER AS rows, ${rendering.select(columns)}
        FROM ${piece} WHERE ${texts} <= ${widest} GROUP BY 1`);
    for (const row of rows) {
      const range = ranges.get(Number(row.range)) ?? { rows: 0, parts: [] };
      range.rows += Number(row.rows);
      range.parts.push(rendering.read(row, columns));
      ranges.set(Number(row.range), range);
    }
  }
  const inOrder = [...ranges].toSorted(([one], [other]) => one - other).map(([, range]) => range);
  const rows = inOrder.reduce((sum, range) => sum + range.rows, 0);
  const fits = rows === chunk.rows && inOrder.every((range) => range.rows <= batchRows);
  return fits ? joined(chunk, inOrder, rendering) : undefined;
}

/** Each batch is put together when it is asked for, and nothing is kept of it: a chunk takes the memory of its pieces. */
function* joined<B>(
  chunk: ChunkRelation,
  inOrder: { readonly rows: number; readonly parts: readonly B[] }[],
  rendering: Rendering<B>,
): Generator<BatchRange & B> {
  let from = 0;
  let number = 0;
  for (let next = inOrder.shift(); next !== undefined; next = inOrder.shift()) {
    const { parts, rows } = next;
    yield { chunk: chunk.number, id: String(number), from, to: from + rows, rows, ...rendering.join(parts) };
    from += rows;
    number += 1;
  }
}

/** Bytes of texts up to which a row is narrow enough for batches by ranges of ids alone; undefined where it cannot be. */
function widestNarrow(chunk: ChunkRelation, batchRows: number, { fixed }: Pick<RowSize, 'fixed'>): number | undefined {
  const widest = Math.floor(Math.min(maxBatchBytes / batchRows, groupBytes / chunk.rows)) - fixed;
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

/** Ranges that are told apart one after the other; of many the rows are rather sorted. */
const mostParts = 100;

function partsOf(rows: number, batchRows: number): number {
  return rows <= batchRows ? 1 : Math.ceil(rows / Math.max(1, Math.floor(batchRows * fill)));
}

/** SQL of which of the equal parts of all ids a row's id is in; as many parts as the chunk's rows need batches. */
function rangeOfId({ idColumn, rows }: ChunkRelation, batchRows: number): string {
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

/** Some batches of a chunk, which follow each other. */
async function renderCuts<B>(
  session: DuckDbSession,
  chunk: ChunkRelation,
  columns: readonly Column[],
  cuts: readonly Pick<Cut, 'id' | 'from' | 'to'>[],
  rendering: Rendering<B>,
  batchRows = Number.POSITIVE_INFINITY,
): Promise<readonly (BatchRange & B)[]> {
  const from = cuts[0]?.from ?? 0;
  const to = cuts.at(-1)?.to ?? 0;
  // Cuts by rows alone are computed; of those by bytes there are few.
  const byRows = cuts.length > mostParts && cuts.every((cut) => cut.from % batchRows === 0);
  const which = cuts.map((cut, index) => `WHEN ${place} < ${cut.to} THEN ${index}`).join(' ');
  const rows = await session.rows(`
    SELECT min(${place})::INTEGER AS first, count(*)::INTEGER AS rows, ${rendering.select(columns)}
      FROM ${placed(chunk)} WHERE ${place} >= ${from} AND ${place} < ${to}
     GROUP BY ${byRows ? `${place} // ${batchRows}` : `CASE ${which} END`} ORDER BY first`);
  return rows.map((row, index) => ({
    ...rangeOf(row, chunk, cuts[index]?.id ?? ''),
    ...rendering.read(row, columns),
  }));
}

/** One range of a chunk as a batch; for the halves of a batch that was refused. */
export async function renderRange<B>(
  session: DuckDbSession,
  chunk: ChunkRelation,
  columns: readonly Column[],
  range: Pick<BatchRange, 'id' | 'from' | 'to'>,
  rendering: Rendering<B>,
): Promise<BatchRange & B> {
  const [batch] = await renderCuts(session, chunk, columns, [range], rendering);
  if (batch === undefined) throw new RangeError(`Chunk ${chunk.number} has no rows ${range.from} to ${range.to}.`);
  return batch;
}

/** A value longer than this is shortened in the JSON of a row that was refused. */
const maxShownCharacters = 10_000;

/** Rows of a batch as JSON objects, for rows that the database refused; very long values are shortened, and say so. */
export async function renderRowsJson(
  session: DuckDbSession,
  chunk: ChunkRelation,
  columns: readonly Column[],
  range: Pick<BatchRange, 'from' | 'to'>,
  withoutIds: readonly string[] = [],
): Promise<readonly { readonly row: number; readonly json: string }[]> {
  const fields = columns.map((column) => {
    const text = `CAST(${quoteName(column.name)} AS VARCHAR)`;
    const shortened = `left(${text}, ${maxShownCharacters}) || '… (' || strlen(${text}) || ' bytes)'`;
    return `${quoteText(column.name)}, CASE WHEN strlen(${text}) > ${maxShownCharacters} THEN ${shortened} ELSE ${text} END`;
  });
  const others =
    withoutIds.length === 0
      ? ''
      : `AND CAST(${quoteName(chunk.idColumn)} AS VARCHAR) NOT IN (${withoutIds.map(quoteText).join(', ')})`;
  const rows = await session.rows(`
    SELECT ${place} AS n, CAST(json_object(${fields.join(', ')}) AS VARCHAR) AS json
      FROM ${placed(chunk)} WHERE ${place} >= ${range.from} AND ${place} < ${range.to} ${others}
     ORDER BY ${place}`);
  return rows.map((row) => ({ row: Number(row.n), json: String(row.json) }));
}

function rangeOf(row: RenderedRow, chunk: ChunkRelation, id: string): BatchRange {
  const from = Number(row.first);
  const rows = Number(row.rows);
  return { chunk: chunk.number, id, from, to: from + rows, rows };
}
