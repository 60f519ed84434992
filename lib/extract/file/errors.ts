import { TerminalError, TransientError } from '../../errors.ts';
import { reasonOf } from '../errors.ts';
import { type BinaryKind, unpackArchive } from './binary-kind.ts';

type Options = { readonly cause?: unknown };

/** The configured path leads to nothing. */
export class SourceFileNotFoundError extends TerminalError {
  override readonly name = 'SourceFileNotFoundError';
  readonly code = 'file_not_found';

  constructor(shown: string, looked: string, nearest: string | undefined) {
    const hint =
      nearest === undefined
        ? 'Check file_path; it is relative to the configuration file.'
        : `Did you mean "${nearest}"?`;
    super(`There is no file ${shown} (looked at ${looked}). ${hint}`);
  }
}

/** The configured path exists and cannot be read. */
export class SourceFileUnreadableError extends TerminalError {
  override readonly name = 'SourceFileUnreadableError';
  readonly code = 'file_unreadable';

  constructor(shown: string, options: Options) {
    super(`The file ${shown} cannot be read${reasonOf(options.cause)}. Check its permissions.`, options);
  }
}

/** Neither the file's extension nor the configuration says how to read it. */
export class UnsupportedFileError extends TerminalError {
  override readonly name = 'UnsupportedFileError';
  readonly code = 'unsupported_file';

  constructor(shown: string, known: readonly string[]) {
    const remedy = archive.test(shown)
      ? `It is an archive. ${unpackArchive}`
      : 'Set format, e.g. format: csv, where the name says something else.';
    super(
      `The extension of ${shown} does not say how to read it. Known are ${known.join(', ')}, each also with .gz or .zst. ${remedy}`,
    );
  }
}

const archive = /\.(tar|tgz|zip|7z|rar)(\.\w+)?$/i;

/** The file holds no byte, or nothing but blank space. */
export class EmptyFileError extends TerminalError {
  override readonly name = 'EmptyFileError';
  readonly code = 'empty_file';

  constructor(shown: string) {
    super(`The file ${shown} is empty: not even a header. Check what wrote it, or remove it from the pipeline.`);
  }
}

/** A JSON file is not JSON. */
export class InvalidJsonFileError extends TerminalError {
  override readonly name = 'InvalidJsonFileError';
  readonly code = 'invalid_json';

  constructor(shown: string, found: string, line: number, column: number, options: Options) {
    super(
      `The file ${shown} is not valid JSON: line ${line}, column ${column}: ${found}. Correct the file; one JSON object per line is format: ndjson.`,
      options,
    );
  }
}

/** A JSON file is JSON, and has no rows where they are expected. */
export class JsonRowsNotFoundError extends TerminalError {
  override readonly name = 'JsonRowsNotFoundError';
  readonly code = 'rows_not_found';

  constructor(shown: string, path: string, rootKind: string, names: readonly string[], likely: string | undefined) {
    const has = rootKind === 'object' ? `an object with ${names.join(', ') || 'no members'}` : `an ${rootKind}`;
    super(
      `The file ${shown} has no rows at ${path}: it holds ${has}. Set records_path, e.g. records_path: ${likely ?? '$.data[*]'}.`,
    );
  }
}

/** A path that needs the whole document at hand meets a file that is too large for that. */
export class JsonFileTooLargeError extends TerminalError {
  override readonly name = 'JsonFileTooLargeError';
  readonly code = 'json_file_too_large';

  constructor(shown: string, maxBytes: number) {
    super(
      `The file ${shown} has more than ${Math.floor(maxBytes / 1024 / 1024)} MiB, too much for a JSONPath with filters, slices or "..". Use a path of names and [*], which has no limit.`,
    );
  }
}

/** A file was not the same at the end of reading as at its start. */
export class SourceFileChangedError extends TransientError {
  override readonly name = 'SourceFileChangedError';
  readonly code = 'file_changed';

  constructor(shown: string) {
    super(
      `The file ${shown} changed while it was being read. Nothing of it was loaded. Run again when it is complete.`,
    );
  }
}

/** An object that a run reads where it lies is no longer the one that the run began with. */
export class SourceObjectChangedError extends TerminalError {
  override readonly name = 'SourceObjectChangedError';
  readonly code = 'object_changed';

  constructor(shown: string) {
    super(
      `${shown} was written again or deleted after this run had begun. Nothing of the run was loaded. Run again: it reads what is there then. In a bucket with versioning a run reads the version that it began with.`,
    );
  }
}

/** The bytes of a text are not in the encoding it is read in. */
export class EncodingMismatchError extends TerminalError {
  override readonly name = 'EncodingMismatchError';
  readonly code = 'encoding_mismatch';

  constructor(shown: string, encoding: string, misfits: number, fitting: readonly string[]) {
    const others = fitting.filter((other) => other !== encoding);
    const remedy =
      others.length === 0
        ? 'Find out its encoding and set it, e.g. encoding: shift_jis.'
        : `They fit ${others.join(', ')}: set encoding: ${others[0]}.`;
    super(
      `The file ${shown} is not in ${encoding}: ${misfits === 1 ? 'a line that every file needs has' : `${misfits.toLocaleString('en-US')} lines have`} bytes that do not fit. ${remedy}`,
    );
  }
}

/** A file that should be a text is something else. */
export class NotTextFileError extends TerminalError {
  override readonly name = 'NotTextFileError';
  readonly code = 'file_not_text';

  constructor(shown: string, format: string, { isArchive, name, remedy }: BinaryKind, packed: boolean) {
    const again = isArchive === true ? remedy : 'Pack it once only, or load what it holds.';
    super(
      packed
        ? `The file ${shown} should be ${format}, and holds ${name} when unpacked. ${again}`
        : `The file ${shown} should be ${format}, but it is ${name}. ${remedy}`,
    );
  }
}

/** A compressed file is damaged or is not compressed that way. */
export class DamagedFileError extends TerminalError {
  override readonly name = 'DamagedFileError';
  readonly code = 'file_damaged';

  constructor(shown: string, compression: string, options: Options) {
    super(
      `The file ${shown} cannot be unpacked as ${compression}${reasonOf(options.cause)}. It is cut off, damaged, or not compressed so; set compression if its name misleads.`,
      options,
    );
  }
}

/** A source has more bytes than it may have. */
export class TooManyBytesError extends TerminalError {
  override readonly name = 'TooManyBytesError';
  readonly code = 'too_many_bytes';

  constructor(shown: string, maxBytes: number) {
    super(
      `The files up to ${shown} have more than ${maxBytes.toLocaleString('en-US')} bytes when unpacked. Raise max_bytes if that is right; a compressed file of this kind can also be an attack.`,
    );
  }
}

/** A file that should be Parquet is something else. */
export class InvalidParquetError extends TerminalError {
  override readonly name = 'InvalidParquetError';
  readonly code = 'invalid_parquet';

  constructor(shown: string) {
    super(
      `The file ${shown} is no Parquet file: it does not begin and end with PAR1. It may be cut off; write it again.`,
    );
  }
}

/** The files of one source are of different kinds. */
export class MixedFormatsError extends TerminalError {
  override readonly name = 'MixedFormatsError';
  readonly code = 'mixed_formats';

  constructor(first: string, firstFormat: string, other: string, otherFormat: string) {
    super(
      `The files of one source must be of one format, but ${first} is ${firstFormat} and ${other} is ${otherFormat}. Narrow file_path, e.g. *.csv, or make two pipelines.`,
    );
  }
}

/** Not even one file could be read in the time one call has. */
export class FileTooSlowError extends TerminalError {
  override readonly name = 'FileTooSlowError';
  readonly code = 'file_too_slow';

  constructor(shown: string, bytes: number) {
    super(
      `The file ${shown} (${bytes.toLocaleString('en-US')} bytes) cannot be read in the time that one call has. Split it into several files and use a glob or a prefix: each file that is packed, in another encoding than UTF-8 or one JSON document is read by a call of its own.`,
    );
  }
}

/** A file that has to be copied has more bytes than the disk of one call takes. */
export class FileBeyondDiskError extends TerminalError {
  override readonly name = 'FileBeyondDiskError';
  readonly code = 'file_beyond_disk';

  /** @param bytes  that were unpacked when the disk was full */
  constructor(shown: string, bytes: number, options: Options) {
    super(
      `The disk was full after ${bytes.toLocaleString('en-US')} bytes of ${shown}, which is kept unpacked and in UTF-8. Free some space, in AWS by deploy.extract.scratch_mb (10,240 at most), or split it into several files and use a glob or a prefix: each is read by itself.`,
      options,
    );
  }
}

/** Amazon S3 refused or failed a request, also when it was repeated. */
export class S3RefusedError extends TerminalError {
  override readonly name = 'S3RefusedError';
  readonly code = 's3_refused';

  constructor(shown: string, action: string, options: Options) {
    super(
      `${shown} cannot be read${reasonOf(options.cause)}. Check that the bucket exists in this Region and account and that ${action} is allowed.`,
      options,
    );
  }
}

/** Amazon S3 could not be reached, or was busy for too long. */
export class S3UnavailableError extends TransientError {
  override readonly name = 'S3UnavailableError';
  readonly code = 's3_unavailable';

  constructor(shown: string, options: Options) {
    super(`${shown} could not be read now${reasonOf(options.cause)}. Run again.`, options);
  }
}

/** An `s3://` path was given where nothing can read it. */
export class S3MissingError extends TerminalError {
  override readonly name = 'S3MissingError';
  readonly code = 's3_missing';

  constructor(shown: string) {
    super(`${shown} needs access to Amazon S3, which this run was not given. Set the AWS credentials and the Region.`);
  }
}
