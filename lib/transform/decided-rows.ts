import { quoteName, quoteText } from '../duckdb/quote.ts';
import type { CleanManifest, CleanPlan, Column, RawManifest } from '../manifest.ts';
import { keyName, ordinalName, rowId } from './row-id.ts';
import { alive } from './rules/compile-rules.ts';
import type { CutChunk } from './write-chunks.ts';

/** A column of the working file. */
export interface WorkingColumn {
  /** Its name in the file. */
  readonly id: string;
  /** Its name in chunks and in the target. */
  readonly name: string;
  readonly duckType: string;
}

/** What became of every row, and how the clean ones are written: facts and paths, of which the SQL is made anew. */
export interface DecidedRows {
  readonly columns: readonly Column[];
  readonly chunks: readonly CutChunk[];
  readonly rejected: CleanManifest['rejected'];
  readonly counts: CleanManifest['counts'];
  /** In the order of a chunk's columns, without those of the service. */
  readonly working: readonly WorkingColumn[];
  /** Those of them that make the key, in its order; none where rows have no key. */
  readonly keys: readonly WorkingColumn[];
  /** Parquet file of all rows that were read: `o`, the state `s`, and the working columns. */
  readonly workPath: string;
  /** A relation of the ordinals `o` of rows whose key another row has; undefined when there are none. */
  readonly superseded: string | undefined;
}

/** The relation of rows that no rule, requirement or repetition has taken away. */
export function livingRows(workPath: string): string {
  return `(SELECT * FROM read_parquet(${quoteText(workPath)}) WHERE s = ${alive})`;
}

/** The relation of the clean rows, with `o`. */
export function cleanRelation({ superseded, workPath }: Pick<DecidedRows, 'superseded' | 'workPath'>): string {
  const living = livingRows(workPath);
  return superseded === undefined ? living : `(SELECT * FROM ${living} WHERE o NOT IN (SELECT o FROM ${superseded}))`;
}

/** What a chunk holds, as a list of SQL columns of the clean relation by the name of `w`. */
export function chunkColumns(
  { keys, working }: Pick<DecidedRows, 'keys' | 'working'>,
  raw: Pick<RawManifest, 'extracted_at' | 'source_fingerprint'>,
): string {
  const id = rowId(
    keys.length === 0
      ? ordinalName(raw.source_fingerprint, 'w.o')
      : keyName(keys.map(({ duckType, id: column }) => ({ duckType, id: `w.${column}` }))),
  );
  return [
    `${id} AS uuid_id`,
    ...working.map((column) => `w.${column.id} AS ${quoteName(column.name)}`),
    `${quoteText(raw.extracted_at)}::TIMESTAMPTZ AS extracted_at`,
  ].join(', ');
}

/** What may be known of the rows before their chunks are written. */
export function planOf({ chunks, columns, counts, rejected }: DecidedRows): CleanPlan {
  return {
    columns: [...columns],
    chunks: chunks.map(({ location, rows }) => ({ location, rows })),
    rejected,
    counts,
  };
}
