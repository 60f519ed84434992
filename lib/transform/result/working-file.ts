import { dirname } from 'node:path';
import { parquetRows } from '../../duckdb/parquet-rows.ts';
import { quoteName, quoteText } from '../../duckdb/quote.ts';
import type { Column, Manifest, Plan, RawManifest } from '../../manifest.ts';
import { idColumn } from '../../service-columns.ts';
import type { ChunkReader } from '../../transform-result.ts';
import { alive } from '../row-state.ts';
import type { ChunkRange } from './chunks.ts';
import { keyId, ordinalId } from './row-id.ts';

/** A column of the working file. */
export interface WorkingColumn {
  /** Its name in the file. */
  readonly id: string;
  /** Its name in chunks and in the target. */
  readonly name: string;
  readonly duckType: string;
}

/** What became of every row, and how the clean ones are written: facts and paths, of which the SQL is made anew. */
export interface WorkingFile {
  readonly columns: readonly Column[];
  readonly chunks: readonly ChunkRange[];
  readonly rejected: Manifest['rejected'];
  readonly counts: Manifest['counts'];
  readonly key_columns: Manifest['key_columns'];
  readonly latest_by?: Manifest['latest_by'];
  readonly indexes: Manifest['indexes'];
  readonly rejections?: Manifest['rejections'];
  readonly rules?: Manifest['rules'];
  readonly exploded?: Manifest['exploded'];
  readonly warnings?: Manifest['warnings'];
  /** In the order of a chunk's columns, without those of the service. */
  readonly working: readonly WorkingColumn[];
  /** Those of them that make the key, in its order; none where rows have no key. */
  readonly keys: readonly WorkingColumn[];
  /** Rows of a row group of the file. */
  readonly group_rows: number;
  /** Parquet file of all rows that were read, in their order: the state `s`, the working columns, and perhaps hashes `h`. */
  readonly workingPath: string;
  /**
   * Parquet file beside it of the ordinals `o`, in their order, of rows that another one makes superfluous: it repeats
   * them, or has their key. Where there are any.
   */
  readonly droppedPath: string | undefined;
}

/** The relation of a working file's rows, with their ordinals `o`, from 1. */
export function workingRelation(workingPath: string): string {
  return `(SELECT file_row_number + 1 AS o, * EXCLUDE (file_row_number)
    FROM ${parquetRows(workingPath, { rowNumbers: true })})`;
}

/** The relation of the clean rows, with `o`; those of a range of ordinals, the last one excluded. */
export function cleanRelation(
  { droppedPath, workingPath }: Pick<WorkingFile, 'droppedPath' | 'workingPath'>,
  range?: { readonly from: number; readonly to: number | undefined },
): string {
  const within =
    range === undefined ? 'true' : `o >= ${range.from}${range.to === undefined ? '' : ` AND o < ${range.to}`}`;
  const living = `(SELECT * FROM ${workingRelation(workingPath)} WHERE s = ${alive} AND ${within})`;
  if (droppedPath === undefined) return living;
  const dropped = `(SELECT o FROM ${parquetRows(droppedPath)} WHERE ${within})`;
  return `(SELECT * FROM ${living} WHERE o NOT IN ${dropped})`;
}

/** What a chunk is made of. */
type ChunkSource = Pick<RawManifest, 'extracted_at' | 'source_fingerprint'>;

/** Which ordinals a chunk's rows have. */
export function rangeOfChunk(
  { chunks }: Pick<WorkingFile, 'chunks'>,
  index: number,
): { readonly from: number; readonly to: number | undefined } {
  return { from: chunks[index]?.first ?? 0, to: chunks[index + 1]?.first };
}

/** What a chunk holds, as a list of SQL columns of the clean relation by the name of `w`. */
export function chunkColumns(
  { columns, keys, working }: Pick<WorkingFile, 'columns' | 'keys' | 'working'>,
  raw: ChunkSource,
): string {
  const id =
    keys.length === 0
      ? ordinalId(raw.source_fingerprint, 'w.o')
      : keyId(keys.map(({ duckType, id: column }) => ({ duckType, id: `w.${column}` })));
  return [
    `${id} AS ${quoteName(idOf({ columns }))}`,
    ...working.map((column) => `w.${column.id} AS ${quoteName(column.name)}`),
    `${quoteText(raw.extracted_at)}::TIMESTAMPTZ AS ${quoteName(columns.at(-1)?.name ?? 'extracted_at')}`,
  ].join(', ');
}

/** The name of the column of the rows' ids. */
export function idOf({ columns }: Pick<WorkingFile, 'columns'>): string {
  return columns[0]?.name ?? idColumn;
}

/**
 * The first ordinals of the pieces of a chunk, each of which reads one row group of the working file and perhaps the rest
 * of another: DuckDB decodes a row group whole, whichever of its rows are wanted, and takes ten times the memory of the
 * text that it gathers from them.
 */
function pieceStarts(from: number, to: number, groupRows: number): readonly number[] {
  const starts = [from];
  const least = groupRows / 3;
  const first = from - 1 + least;
  for (let end = Math.ceil(first / groupRows) * groupRows; end <= to - least; end += groupRows) {
    starts.push(end + 1);
  }
  return starts;
}

/** The chunks as ranges of the working file, which has to stay where it is. */
export function workingFileReader(file: WorkingFile, raw: ChunkSource): ChunkReader {
  return {
    folders: [dirname(file.workingPath)],
    chunk: async (number) => {
      const chunk = file.chunks[number];
      if (chunk === undefined) throw new RangeError(`There is no chunk ${number}.`);
      const { from, to } = rangeOfChunk(file, number);
      const relationOf = (range: { readonly from: number; readonly to: number | undefined }): string =>
        `(SELECT ${chunkColumns(file, raw)} FROM ${cleanRelation(file, range)} AS w)`;
      // The last chunk ends where the file does: behind the ordinals of as many rows as it has, if some are not clean.
      const starts = pieceStarts(from, to ?? from + chunk.rows, file.group_rows);
      const pieces = starts.map((start, piece) => relationOf({ from: start, to: starts[piece + 1] ?? to }));
      return { number, rows: chunk.rows, idColumn: idOf(file), relation: relationOf({ from, to }), pieces };
    },
  };
}

/** What is known of the rows before their chunks are written. */
export function planOf(file: WorkingFile): Plan {
  const { chunks, columns, counts, exploded, indexes, key_columns, latest_by, rejected, rejections, rules, warnings } =
    file;
  return {
    columns: [...columns],
    chunks: chunks.map(({ location, rows }) => ({ location, rows })),
    rejected,
    counts,
    key_columns,
    latest_by,
    indexes,
    rejections,
    rules,
    exploded,
    warnings,
  };
}
