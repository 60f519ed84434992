import type { Remedies } from '../remedy.ts';

/** Of files and objects, in English. */
export const files = {
  empty_file: {
    means: 'The file holds no byte, or nothing but blank space.',
    todo: 'Check what wrote it, or remove it from the pipeline.',
  },
  encoding_mismatch: {
    means: 'The bytes of a text are not in the encoding it is read in.',
    todo: 'Set its encoding, e.g. `encoding: shift_jis`; the message names what fits.',
  },
  file_beyond_disk: {
    means: 'A file that has to be unpacked or converted is larger than the disk.',
    todo: 'Free some space, in AWS by `deploy.extract.scratch_mb`, or split the file into several and use a glob or a prefix.',
  },
  file_changed: {
    means: 'A file was not the same at the end of reading as at its start; nothing of it was loaded.',
    todo: 'Run again when it is complete.',
  },
  file_damaged: {
    means: 'A compressed file is damaged, cut off, or not compressed that way.',
    todo: 'Write it again, or set `compression` if its name misleads.',
  },
  file_not_found: {
    means: 'The source is not there, or not readable for the role that reads it.',
    todo: 'Check `file_path`, which is relative to the configuration; in S3 check path, bucket policy and key policy.',
  },
  file_not_text: {
    means: 'A file that should be a text is something else.',
    todo: 'Set `format` to what it is, or pack it once only.',
  },
  file_too_slow: {
    means: 'Not even one file could be read in the time one call has.',
    todo: 'Split the file into several, and use a glob or a prefix.',
  },
  file_unreadable: { means: 'The configured path exists and cannot be read.', todo: 'Check its permissions.' },
  invalid_json: {
    means: 'A JSON file is not JSON.',
    todo: 'Correct the file; one JSON object per line is `format: ndjson`.',
  },
  invalid_parquet: {
    means: 'A file that should be Parquet is something else, or is cut off.',
    todo: 'Write it again.',
  },
  json_file_too_large: {
    means: 'The path needs the whole file at hand, and the file is too large for that.',
    todo: 'Use a path of names and `[*]`, which has no limit.',
  },
  mixed_formats: {
    means: 'The files of one source are of different kinds.',
    todo: 'Narrow `file_path`, e.g. to `*.csv`, or make two pipelines.',
  },
  nested_source: {
    means: '`flatten` or `explode` is for values that the source does not have.',
    todo: 'Name another column, or remove the setting.',
  },
  object_changed: {
    means: 'An object of the source was written again or deleted while the run read it; nothing of the run was loaded.',
    todo: 'Run again: it reads what is there then. Versioning of the bucket lets a run read what it began with.',
  },
  raw_rows_not_written: {
    means: 'Rows that were read could not be written down: the disk is full, or not writable.',
    todo: 'Free some space and run again.',
  },
  rows_not_found: {
    means: 'The document has no rows where they are expected.',
    todo: 'Set `records_path` to where the rows are; `etl preview` shows what there is.',
  },
  s3_missing: {
    means: 'An `s3://` path was given where nothing can read it.',
    todo: 'Set the AWS credentials and the Region.',
  },
  s3_refused: {
    means: 'The source in S3 is not there, or not readable for the role that reads it.',
    todo: 'Check path, Region, bucket policy and key policy.',
  },
  s3_unavailable: { means: 'Amazon S3 could not be reached, or was busy for too long.', todo: 'Run again.' },
  too_many_bytes: {
    means: 'A source has more bytes than it may have.',
    todo: 'Raise `max_bytes` if that is right; a compressed file that grows so much can also be an attack.',
  },
  unreadable_source: {
    means: 'The source cannot be read at all.',
    todo: 'Correct what the message says, or what writes the source.',
  },
  unsupported_file: {
    means: "Neither the file's extension nor the configuration says how to read it.",
    todo: 'Set `format`, e.g. `format: csv`.',
  },
} as const satisfies Remedies;
