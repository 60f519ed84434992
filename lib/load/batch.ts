import { maxRowBytes } from '../dsql/limits.ts';
import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { quoteName, quoteText } from '../duckdb/quote.ts';
import type { Column } from '../manifest.ts';
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
  /** Half-open range of row numbers in the chunk. */
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

/** Where a chunk's Parquet lies, and its number in the run. */
export interface ChunkFile {
  readonly number: number;
  readonly path: string;
}

/** Types whose text is never longer than `fixedBytes`; numerics of up to 38 digits are. */
const fixedTypes =
  /^(smallint|integer|bigint|boolean|date|time|timestamp|uuid|real|double precision|numeric\((\d|[12]\d|3[0-8]),)/;
const fixedBytes = 42;

/** Rendered rows that are held in memory at once, about; a chunk is rendered whole unless it is wider than this. */
const groupBytes = 64 * 1024 * 1024;

function numbered(chunk: ChunkFile): string {
  return `(SELECT *, file_row_number AS n FROM read_parquet(${quoteText(chunk.path)}, file_row_number = true))`;
}

interface Cut {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** Where the batches of a chunk begin and end. The same chunk is always cut the same way. */
async function cutChunk(
  session: DuckDbSession,
  chunk: ChunkFile,
  columns: readonly Column[],
  batchRows: number,
): Promise<{ readonly cuts: readonly Cut[]; readonly byRows: boolean }> {
  const fixed = columns.filter((column) => fixedTypes.test(column.type)).length * fixedBytes;
  const texts = columns
    .filter((column) => !fixedTypes.test(column.type))
    .map((column) => `coalesce(strlen(${textOf(column)}), 0)`);
  const size = [...texts, String(fixed + columns.length * columnOverheadBytes)].join(' + ');
  const cutsOf = async (query: string): Promise<readonly Cut[]> =>
    (await session.rows(query)).map((row) => ({
      from: Number(row.first),
      to: Number(row.first) + Number(row.rows),
      bytes: Number(row.bytes),
    }));
  const columnsOfCut = 'min(n)::INTEGER AS first, count(*)::INTEGER AS rows, sum(size)::BIGINT AS bytes';
  const sized = `(SELECT n, ${size} AS size FROM ${numbered(chunk)})`;
  const byRows = await cutsOf(`SELECT ${columnsOfCut} FROM ${sized} GROUP BY n // ${batchRows} ORDER BY first`);
  if (byRows.every((cut) => cut.bytes <= maxBatchBytes)) return { cuts: byRows, byRows: true };
  const byBytes = await cutsOf(`
    SELECT ${columnsOfCut} FROM (
      SELECT n, size, n // ${batchRows} AS by_rows,
             sum(size) OVER (PARTITION BY n // ${batchRows} ORDER BY n ROWS UNBOUNDED PRECEDING) - size AS before
        FROM ${sized})
     GROUP BY by_rows, before // ${cutBytes} ORDER BY first`);
  return { cuts: byBytes, byRows: false };
}

/**
 * The batches of a chunk in their order, cut by rows and bytes and rendered inside DuckDB; as many at a time as memory
 * allows, which for rows of ordinary width is the whole chunk.
 */
export async function* renderBatches<B>(
  session: DuckDbSession,
  chunk: ChunkFile,
  columns: readonly Column[],
  batchRows: number,
  rendering: Rendering<B>,
): AsyncGenerator<readonly (BatchRange & B)[]> {
  const { byRows, cuts } = await cutChunk(session, chunk, columns, batchRows);
  const bytes = cuts.reduce((sum, cut) => sum + cut.bytes, 0);
  if (byRows && bytes <= groupBytes) {
    const rows = await session.rows(`
      SELECT min(n)::INTEGER AS first, count(*)::INTEGER AS rows, ${rendering.select(columns)}
        FROM ${numbered(chunk)} GROUP BY n // ${batchRows} ORDER BY first`);
    yield rows.map((row, index) => ({ ...rangeOf(row, chunk, String(index)), ...rendering.read(row, columns) }));
    return;
  }
  for (const [index, cut] of cuts.entries()) {
    yield [await renderRange(session, chunk, columns, { id: String(index), ...cut }, rendering)];
  }
}

/** One range of a chunk as a batch; for the halves of a batch that was refused. */
export async function renderRange<B>(
  session: DuckDbSession,
  chunk: ChunkFile,
  columns: readonly Column[],
  range: Pick<BatchRange, 'id' | 'from' | 'to'>,
  rendering: Rendering<B>,
): Promise<BatchRange & B> {
  const [row = {}] = await session.rows(`
    SELECT min(n)::INTEGER AS first, count(*)::INTEGER AS rows, ${rendering.select(columns)}
      FROM ${numbered(chunk)} WHERE n >= ${range.from} AND n < ${range.to}`);
  return { ...rangeOf(row, chunk, range.id), ...rendering.read(row, columns) };
}

/** A value longer than this is shortened in the JSON of a row that was refused. */
const maxShownCharacters = 10_000;

/** Rows of a batch as JSON objects, for rows that the database refused; very long values are shortened, and say so. */
export async function renderRowsJson(
  session: DuckDbSession,
  chunk: ChunkFile,
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
    withoutIds.length === 0 ? '' : `AND CAST(uuid_id AS VARCHAR) NOT IN (${withoutIds.map(quoteText).join(', ')})`;
  const rows = await session.rows(`
    SELECT n, CAST(json_object(${fields.join(', ')}) AS VARCHAR) AS json
      FROM ${numbered(chunk)} WHERE n >= ${range.from} AND n < ${range.to} ${others} ORDER BY n`);
  return rows.map((row) => ({ row: Number(row.n), json: String(row.json) }));
}

function rangeOf(row: RenderedRow, chunk: ChunkFile, id: string): BatchRange {
  const from = Number(row.first);
  const rows = Number(row.rows);
  return { chunk: chunk.number, id, from, to: from + rows, rows };
}
