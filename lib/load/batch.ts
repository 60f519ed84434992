import type { DuckDbSession } from '../duckdb/open-duckdb.ts';
import { quoteName, quoteText } from '../duckdb/quote.ts';
import type { Column } from '../manifest.ts';

/**
 * Text bytes of one batch at most. With the row and index overhead that DSQL accounts, this stays under its 10 MiB: 500
 * rows of 20 kB passed with 9.93 MiB without and with 9.11 MiB with four secondary indexes (DSQL troubleshooting guide).
 */
export const maxBatchBytes = 8 * 1024 * 1024;

/**
 * A cut falls where the running sum of bytes passes a multiple of this; no row is larger than 2 MiB, so no batch is
 * larger than `maxBatchBytes`. Cutting this way needs one pass and gives the same batches each time.
 */
const cutBytes = maxBatchBytes - 2 * 1024 * 1024;

/** Bytes a row costs besides its text, for each column: length and null marks in the row and its index entries. */
const columnOverheadBytes = 8;

/** The rows of one transaction. */
export interface Batch {
  readonly chunk: number;
  /** The batch's number in its chunk; halves of batch `3` are `3.0` and `3.1`. Part of the ledger's key. */
  readonly id: string;
  /** Half-open range of row numbers in the chunk. */
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  /** One PostgreSQL array literal per column, each of `rows` elements. */
  readonly arrays: readonly string[];
}

/** Where a chunk's Parquet lies, and its number in the run. */
export interface ChunkFile {
  readonly number: number;
  readonly path: string;
}

/** Types whose text never holds a character that an array literal has to quote. */
const plainTypes = /^(smallint|integer|bigint|numeric|boolean|date|uuid|real|double precision)/;

function element(column: Column): string {
  const text = `CAST(${quoteName(column.name)} AS VARCHAR)`;
  if (plainTypes.test(column.type)) return `coalesce(${text}, 'NULL')`;
  return `coalesce('"' || replace(replace(${text}, '\\', '\\\\'), '"', '\\"') || '"', 'NULL')`;
}

function arrayLiterals(columns: readonly Column[]): string {
  return columns
    .map((column, index) => `'{' || string_agg(${element(column)}, ',' ORDER BY n) || '}' AS c${index}`)
    .join(', ');
}

/** All batches of a chunk, cut by rows and bytes, rendered as array literals inside DuckDB. Deterministic. */
export async function renderBatches(
  session: DuckDbSession,
  chunk: ChunkFile,
  columns: readonly Column[],
  batchRows: number,
): Promise<readonly Batch[]> {
  const bytes = columns.map((column) => `coalesce(strlen(CAST(${quoteName(column.name)} AS VARCHAR)), 0)`).join(' + ');
  const rows = await session.rows(`
    WITH numbered AS (
      SELECT *, file_row_number AS n, ${bytes} + ${columns.length * columnOverheadBytes} AS size
        FROM read_parquet(${quoteText(chunk.path)}, file_row_number = true)
    ), sized AS (
      SELECT *, n // ${batchRows} AS by_rows,
             sum(size) OVER (PARTITION BY n // ${batchRows} ORDER BY n ROWS UNBOUNDED PRECEDING) - size AS before
        FROM numbered
    )
    SELECT min(n)::INTEGER AS first, count(*)::INTEGER AS rows, ${arrayLiterals(columns)}
      FROM sized GROUP BY by_rows, before // ${cutBytes} ORDER BY first`);
  return rows.map((row, index) => batchOf(row, chunk.number, String(index), columns.length));
}

/** One range of a chunk as a batch; for the halves of a batch that was refused. */
export async function renderRange(
  session: DuckDbSession,
  chunk: ChunkFile,
  columns: readonly Column[],
  range: Pick<Batch, 'id' | 'from' | 'to'>,
): Promise<Batch> {
  const [row] = await session.rows(`
    WITH numbered AS (
      SELECT *, file_row_number AS n FROM read_parquet(${quoteText(chunk.path)}, file_row_number = true)
       WHERE file_row_number >= ${range.from} AND file_row_number < ${range.to}
    )
    SELECT min(n)::INTEGER AS first, count(*)::INTEGER AS rows, ${arrayLiterals(columns)} FROM numbered`);
  return batchOf(row ?? {}, chunk.number, range.id, columns.length);
}

/** A value longer than this is shortened in the JSON of a row that was refused. */
const maxShownCharacters = 10_000;

/** One row as a JSON object, for a row that the database refused; very long values are shortened, and say so. */
export async function renderRowJson(
  session: DuckDbSession,
  chunk: ChunkFile,
  columns: readonly Column[],
  row: number,
): Promise<string> {
  const fields = columns.map((column) => {
    const text = `CAST(${quoteName(column.name)} AS VARCHAR)`;
    const shortened = `left(${text}, ${maxShownCharacters}) || '… (' || strlen(${text}) || ' bytes)'`;
    return `${quoteText(column.name)}, CASE WHEN strlen(${text}) > ${maxShownCharacters} THEN ${shortened} ELSE ${text} END`;
  });
  const [found] = await session.rows(`
    SELECT CAST(json_object(${fields.join(', ')}) AS VARCHAR) AS json
      FROM read_parquet(${quoteText(chunk.path)}, file_row_number = true) WHERE file_row_number = ${row}`);
  return String(found?.json ?? '{}');
}

function batchOf(row: Readonly<Record<string, unknown>>, chunk: number, id: string, width: number): Batch {
  const from = Number(row.first);
  const rows = Number(row.rows);
  return {
    chunk,
    id,
    from,
    to: from + rows,
    rows,
    arrays: Array.from({ length: width }, (_, i) => String(row[`c${i}`])),
  };
}
