import { TerminalError, TransientError } from '../../errors.ts';
import { reasonOf } from '../errors.ts';

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
    super(
      `The extension of ${shown} does not say how to read it. Known are ${known.join(', ')}, each also with .gz or .zst. Set format, e.g. format: csv, where the name says something else.`,
    );
  }
}

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

  constructor(shown: string, path: string, rootKind: string, names: readonly string[]) {
    const has = rootKind === 'object' ? `an object with ${names.join(', ') || 'no members'}` : `an ${rootKind}`;
    super(`The file ${shown} has no rows at ${path}: it holds ${has}. Set records_path, e.g. records_path: $.data[*].`);
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
