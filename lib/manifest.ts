import { z } from 'zod';

/**
 * What stages hand to each other: references and counts, never rows. The same JSON travels through a state machine in
 * AWS and through function calls on a laptop.
 */

/**
 * Of how rows are decided, ordered, cut and given ids. Raised whenever that changes, so that nothing an older release has
 * begun is gone on with: the same batch would be other rows.
 */
export const cutVersion = 5;

/**
 * Rows of a chunk where the configuration does not say: 44 batches, each of which writes to as small a part of the key.
 * The same in AWS and on a laptop, so that both cut the same chunks. By trial, PostgreSQL took 7 % less time for chunks
 * of 100,000 than of 50,000, and those of 200,000 took 1.4 × the memory.
 */
export const defaultChunkRows = 80_000;

/** How DuckDB has to read a delimited text; nothing is sniffed. */
export const csvDialectSchema = z.strictObject({
  delimiter: z.string(),
  quote: z.string(),
  escape: z.string(),
  /** The first line (after skipped ones) holds the column names. */
  header: z.boolean(),
  /** The columns' names where the file has no header. */
  names: z.array(z.string()).optional(),
  comment: z.string().optional(),
  skip_lines: z.int().min(0),
  /** Blanks at the start of a field, and behind a closing quote, are no part of it. */
  skip_initial_space: z.boolean().optional(),
  /** Unquoted texts that mean NULL, besides the empty field. */
  null_strings: z.array(z.string()),
  decimal_separator: z.string(),
  thousands_separator: z.string().optional(),
});

export const rawPartSchema = z.strictObject({
  /** A key of the run's object store; an absolute local path where `local` is set; `s3://bucket/key` where `object` is. */
  location: z.string(),
  local: z.boolean(),
  /** The name a person knows it by: the file's path as configured, or the request's URL without secrets. */
  source: z.string(),
  /** csv: UTF-8 text. ndjson: one JSON object a line, UTF-8. */
  format: z.enum(['csv', 'ndjson', 'parquet']),
  csv: csvDialectSchema.optional(),
  bytes: z.int().min(0),
  /** A column to add to the part's rows, which holds `source`. */
  source_column: z.string().optional(),
  /** Columns to add to the part's rows, which all have these values; null is no value. */
  partitions: z.array(z.strictObject({ name: z.string(), value: z.string().nullable() })).optional(),
  /** When a local file was last changed, ms since 1970; with `bytes` it pins what was fingerprinted. */
  modified_ms: z.number().optional(),
  /** Of an S3 object that is read where it lies: what it has to be still. The ETag is with its quotes. */
  object: z.strictObject({ etag: z.string(), version_id: z.string().optional() }).optional(),
});

/**
 * How far an incremental source has been read. Stored when the run has loaded, in the transaction of its log row, and
 * given to the next run. Bounded in size, however many rows share the newest value.
 */
const markShape = {
  type: z.enum(['number', 'timestamp', 'text']),
  /** The newest value of the cursor column, as the source wrote it; empty where all rows were ahead of time. */
  value: z.string(),
  /** The source wrote it as a text, in quotes; absent in a watermark of a release that did not tell. */
  quoted: z.boolean().optional(),
  /** How many rows had exactly this value, or one ahead of time. */
  boundary_rows: z.int().min(0),
  /** Which rows they were, so that the next run leaves them out; absent where the load mode makes repeats harmless. */
  boundary: z
    .union([z.strictObject({ hashes: z.array(z.string()) }), z.strictObject({ sketch: z.string() })])
    .optional(),
  /** Rows after this moment, ISO 8601, were ahead of time and did not move the watermark, e.g. those of 9999-12-31. */
  ahead_of: z.string().optional(),
};

/** How far the rows of one parent have been read. */
export const parentMarkSchema = z.strictObject(markShape);

export const watermarkSchema = z.strictObject({
  cursor_column: z.string(),
  ...markShape,
  /** Where one request is made for each parent: of each its own, by what tells it from others. */
  parents: z.record(z.string(), parentMarkSchema).optional(),
});

/** What a response may be asked for again with, so that an API need not send what has not changed. */
export const validatorSchema = z.strictObject({
  /** SHA-256, hex, of the request that it came with; it stands for no other. */
  request: z.string(),
  /** As the API wrote it, with its quotes. */
  etag: z.string().optional(),
  /** A date of HTTP, where there is no tag. */
  last_modified: z.string().optional(),
});

/** What extract has made durable. `complete` false: call it again with the same run to go on. */
export const rawManifestSchema = z.strictObject({
  complete: z.boolean(),
  parts: z.array(rawPartSchema),
  /** NDJSON parts of rows that extract itself could not read; lines are `RejectedRow`. */
  rejected: z.array(z.strictObject({ location: z.string(), rows: z.int().min(0) })),
  /** When the first byte was asked for, ISO 8601 in UTC; the rows' `extracted_at`. */
  extracted_at: z.string(),
  /** SHA-256 over the content of all parts in order, hex; the same bytes give the same fingerprint. */
  source_fingerprint: z.string(),
  bytes_read: z.int().min(0),
  /** To be stored with the run's success; only of a complete incremental source that is no backfill. */
  watermark: watermarkSchema.optional(),
  /** Rows that were read again at the watermark and left out, for an earlier run has loaded them. Not part of rows_read. */
  already_loaded_rows: z.int().min(0).optional(),
  /** Of a source that is one response, all of which is in the parts, or was in those of the run that it is from. */
  validator: validatorSchema.optional(),
  /** The API says that the response is the one that an earlier run has loaded: there are no rows because there are none that are new. */
  not_modified: z.literal(true).optional(),
  /** What a person should know about the source though nothing failed; one sentence each. */
  warnings: z.array(z.string()).optional(),
  /** What was found out about the source that the configuration may pin; one sentence each. */
  recognised: z.array(z.string()).optional(),
});

/** A narrower type that most values of a text column have, and the first value that has it not. */
export const closestTypeSchema = z.strictObject({
  type: z.string(),
  /** Rows with a value, and those of them whose value has not the type. */
  values: z.int(),
  misfits: z.int(),
  /** The first of them, shortened to 40 characters, and its place. */
  example: z.string(),
  source: z.string(),
  row_number: z.int(),
});

export const columnSchema = z.strictObject({
  name: z.string(),
  /** PostgreSQL's name of the type as it stands in CREATE TABLE, e.g. `numeric(38,2)`. */
  type: z.string(),
  /** The name in the source, where it differs. */
  source_name: z.string().optional(),
  /** Why this type: the evidence and the value that ruled the narrower one out. */
  evidence: z.string().optional(),
  /** No row has a value that would tell a type: a table gets the column with the first run that has one. */
  undecided: z.boolean().optional(),
  /** Of a text column, where it was asked for and there is one. */
  closest: closestTypeSchema.optional(),
});

export const chunkSchema = z.strictObject({ location: z.string(), rows: z.int().min(0), bytes: z.int().min(0) });

/** How many rows were rejected for one thing, with the place of the first one. */
export const rejectionSchema = z.strictObject({
  /** By its name in the target; null where no single column is to blame. */
  column_name: z.string().nullable(),
  reason: z.string(),
  rows: z.int().min(1),
  source: z.string(),
  row_number: z.number().nullable(),
});

/** What a business rule did with the rows that came to it. */
export const ruleCountSchema = z.strictObject({
  /** Its place in `business_rules`, from 1. */
  number: z.int().min(1),
  type: z.string(),
  text: z.string(),
  rows_filtered: z.int().min(0),
  rows_rejected: z.int().min(0),
});

/** How records became rows, one for each element of a list. */
export const explodedSchema = z.strictObject({
  path: z.string(),
  records: z.int().min(0),
  /** rows_read counts these. */
  rows: z.int().min(0),
  /** Records whose list is empty or missing: each is a row without an element, which stays or is filtered. */
  empty: z.int().min(0),
  on_empty: z.enum(['keep', 'filter']),
});

/** The buckets in which a source was cleaned that is larger than one function. */
export const bucketsSchema = z.strictObject({
  /** How many chunks each bucket has; the chunks lie in the order of their buckets. */
  chunks: z.array(z.int().min(0)).min(1),
  /** How the ids of rows are found by even ranges of all ids (`idRange`); absent where they are not. */
  ids: z
    .strictObject({
      ranges: z.int().min(1),
      /** Where the files of ids lie (`rangeKey`); absent where a bucket's rows are those of its range. */
      prefix: z.string().optional(),
    })
    .optional(),
});

export const manifestSchema = z.strictObject({
  /** In the order of the target's columns; the rows' ids first, then the source's, then enriched ones, then when the row was read. */
  columns: z.array(columnSchema),
  /** Parquet files with exactly `columns`; rows in their final order. The cut is deterministic. */
  chunks: z.array(chunkSchema),
  /** Absent where all rows were cleaned in one go. */
  buckets: bucketsSchema.optional(),
  /** NDJSON files of `RejectedRow`. */
  rejected: z.array(z.strictObject({ location: z.string(), rows: z.int().min(0) })),
  counts: z.strictObject({
    rows_read: z.int().min(0),
    rows_filtered: z.int().min(0),
    rows_deduplicated: z.int().min(0),
    rows_rejected: z.int().min(0),
    /** What the chunks hold: read − filtered − deduplicated − rejected. */
    rows_clean: z.int().min(0),
  }),
  /** Columns that settings name, as the target names them. */
  key_columns: z.array(z.string()),
  latest_by: z.string().optional(),
  indexes: z.array(z.strictObject({ columns: z.array(z.string()), unique: z.boolean() })),
  /** Why rows were rejected: one entry a column and reason, the most frequent first, the first 50. */
  rejections: z.array(rejectionSchema).optional(),
  /** What each business rule did, in their order. */
  rules: z.array(ruleCountSchema).optional(),
  /** Where rows are elements of a list. */
  exploded: explodedSchema.optional(),
  /** There are no rows because the source is as it was when it was loaded: the table stays as it is in every load mode. */
  not_modified: z.literal(true).optional(),
  /** What a person should know of the values though nothing failed; one sentence each. */
  warnings: z.array(z.string()).optional(),
});

/** A row kept aside. `reason` says what was wrong with which value's shape; the row itself is in `row`. */
export const rejectedRowSchema = z.strictObject({
  source: z.string(),
  /** 1-based: the line of a text file, the ordinal of a record elsewhere; null when it is not known. */
  row_number: z.number().nullable(),
  column_name: z.string().nullable(),
  reason: z.string(),
  /** The row as a JSON object of the source's names, or `{"raw": "…"}` where it could not be parsed. */
  row: z.record(z.string(), z.unknown()),
});

export type CsvDialect = z.infer<typeof csvDialectSchema>;
export type RawPart = z.infer<typeof rawPartSchema>;
export type Watermark = z.infer<typeof watermarkSchema>;
export type Validator = z.infer<typeof validatorSchema>;
export type ParentMark = z.infer<typeof parentMarkSchema>;
export type RawManifest = z.infer<typeof rawManifestSchema>;
export type Column = z.infer<typeof columnSchema>;
export type Exploded = z.infer<typeof explodedSchema>;
export type RuleCount = z.infer<typeof ruleCountSchema>;
export type ClosestType = z.infer<typeof closestTypeSchema>;
export type Rejection = z.infer<typeof rejectionSchema>;
export type Buckets = z.infer<typeof bucketsSchema>;
export type Chunk = z.infer<typeof chunkSchema>;
export type Manifest = z.infer<typeof manifestSchema>;
/** Where a chunk lies, or would lie if it were written as a file, and how many rows it holds. */
export type ChunkPlan = Pick<Chunk, 'location' | 'rows'>;
/** What is known of the clean rows when each is decided and counted, whether or not chunks are written as files. */
export type Plan = Omit<Manifest, 'chunks'> & { readonly chunks: readonly ChunkPlan[] };
export type RejectedRow = z.infer<typeof rejectedRowSchema>;
