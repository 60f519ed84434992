import { TerminalError, TransientError } from '../errors.ts';

type Options = { readonly cause?: unknown };

/** The raw rows cannot be written down: the disk is full, or not writable. */
export class SinkWriteError extends TransientError {
  override readonly name = 'SinkWriteError';
  readonly code = 'raw_rows_not_written';

  constructor(path: string, options: Options) {
    super(`Rows could not be written to ${path}${reasonOf(options.cause)}. Free some space and run again.`, options);
  }
}

/** A run was called again with other source settings than it began with. */
export class SettingsChangedError extends TerminalError {
  override readonly name = 'SettingsChangedError';
  readonly code = 'source_settings_changed';

  constructor(pipeline: string) {
    super(
      `The source settings of pipeline "${pipeline}" changed while a run was half extracted; its pages would not fit together. Start a new run.`,
    );
  }
}

/** Rows have a column of their own under the name that the name of each should get. */
export class MemberNameCollisionError extends TerminalError {
  override readonly name = 'MemberNameCollisionError';
  readonly code = 'member_name_collision';

  constructor(column: string) {
    super(`The rows have a column "${column}" already. Give record_name_column another name.`);
  }
}

/** Rows have a column of their own under the name that a field of their parent should get. */
export class FieldCollisionError extends TerminalError {
  override readonly name = 'FieldCollisionError';
  readonly code = 'parent_field_collision';

  /** @param setting  that names the column, e.g. `parent.include` */
  constructor(column: string, setting: string) {
    super(`The rows have a column "${column}" already. Give the field another name in ${setting}.`);
  }
}

/** A reason for a sentence: the system's code and message, without a stack. */
export function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return cause === undefined ? '' : `: ${String(cause)}`;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
  const inner = cause instanceof AggregateError ? cause.errors[0] : undefined;
  const message = cause.message !== '' ? cause.message : inner instanceof Error ? inner.message : cause.name;
  return code === undefined || message.includes(code) ? `: ${message}` : `: ${message} (${code})`;
}
