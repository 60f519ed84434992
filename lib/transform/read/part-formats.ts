import type { RawPart } from '../../manifest.ts';
import type { LocalPart } from './local-part.ts';
import type { OpenedParts } from './opened-parts.ts';
import type { ReadContext } from './read-context.ts';
import { openCsv } from './read-csv.ts';
import { openJson } from './read-json.ts';
import { openParquet } from './read-parquet.ts';

/** How parts of one format are read. */
export interface PartFormat {
  /** Finds the records of all parts; what cannot be read goes to `unreadable`, row by row. */
  readonly open: (parts: readonly LocalPart[], context: ReadContext) => Promise<OpenedParts>;
  /**
   * Bytes of working files for each byte of input, at the least: the rows as cleaned, and beside them, except for a large
   * CSV that is cleaned in one pass, the rows as read; as Parquet. Measured as the most the scratch folder held at once,
   * over the sample files, the benchmark's and random texts: CSV 0.31 in one pass, else 1.04 to 2.0; NDJSON 2.4, whose
   * lines are kept besides; Parquet, which comes compressed harder than the working files are, 3.4. The least of them
   * counts here, so that only what surely does not fit is refused. Nothing else is compressed: extract unpacks gzip and zstd.
   */
  readonly workingBytes: number;
  /**
   * Bytes of the cleaned rows, as Parquet, for each byte of input, at the least. Measured over the sample files: CSV 0.14
   * to 0.62, NDJSON 0.15 to 0.22, Parquet 3.2, where 1 counts, because few files are as densely packed; up to four times as
   * much where rows that repeat others are looked for.
   */
  readonly cleanedBytes: number;
}

/** One entry for each format of parts. */
export const partFormats = {
  csv: { open: openCsv, workingBytes: 0.3, cleanedBytes: 0.14 },
  ndjson: { open: openJson, workingBytes: 1.5, cleanedBytes: 0.14 },
  parquet: { open: openParquet, workingBytes: 3, cleanedBytes: 1 },
} satisfies Readonly<Record<RawPart['format'], PartFormat>>;
