import { TerminalError } from '../../errors.ts';

/** A bound or a watermark is not a value of the cursor column's type. */
export class InvalidCursorValueError extends TerminalError {
  override readonly name = 'InvalidCursorValueError';
  readonly code = 'invalid_cursor_value';

  constructor(place: string, value: string, type: string) {
    super(
      `"${value}" of ${place} is no ${type}. Write a ${type === 'number' ? 'number' : 'date or time as ISO 8601'}.`,
    );
  }
}

/** Values of the cursor column are neither numbers nor times of a known format, so they have no order. */
export class CursorMeaningUnknownError extends TerminalError {
  override readonly name = 'CursorMeaningUnknownError';
  readonly code = 'cursor_meaning_unknown';

  constructor(pipeline: string, column: string, shape: string) {
    super(
      `Pipeline "${pipeline}": a value of the cursor column ${column} looks like ${shape}, which is neither a number nor a time of ISO 8601, so it is not known which values are newer. Set incremental.cursor_format, e.g. "%m/%d/%Y" or epoch_seconds; or cursor_type: text, if the characters sort as the rows came.`,
    );
  }
}

/** An API wants times, and the cursor column has numbers of which nobody has said what they count. */
export class CursorUnitUnknownError extends TerminalError {
  override readonly name = 'CursorUnitUnknownError';
  readonly code = 'cursor_unit_unknown';

  constructor(pipeline: string, column: string, paramFormat: string) {
    super(
      `Pipeline "${pipeline}": the cursor column ${column} has numbers, and incremental.param_format ${paramFormat} wants times. Set incremental.cursor_format: epoch_seconds or epoch_milliseconds, or param_format: as_is.`,
    );
  }
}

/** The watermarks of all parents together are larger than a row of the state table may be. */
export class TooManyParentMarksError extends TerminalError {
  override readonly name = 'TooManyParentMarksError';
  readonly code = 'too_many_parent_marks';

  constructor(pipeline: string, parents: number, bytes: number, most: number) {
    super(
      `Pipeline "${pipeline}" has ${parents.toLocaleString('en-US')} parents whose watermarks take ${bytes.toLocaleString('en-US')} bytes, more than the ${most.toLocaleString('en-US')} that are kept. Split the parents among pipelines by parent.params, or use load_mode: upsert, whose watermarks are shorter.`,
    );
  }
}

/** A slice of time has more rows than the API gives, and cannot be halved any more. */
export class WindowTooFullError extends TerminalError {
  override readonly name = 'WindowTooFullError';
  readonly code = 'window_too_full';

  /** @param total  undefined where the API says no number, only that it leaves rows out */
  constructor(from: string, to: string, total: number | undefined, most: number | undefined) {
    const says =
      total === undefined
        ? 'leaves rows out by incremental.split_when.condition'
        : `says that there are ${total.toLocaleString('en-US')} items, more than incremental.split_when.total_over (${(most ?? 0).toLocaleString('en-US')})`;
    const raise = total === undefined ? '' : ', or raise total_over where the API gives all of them';
    super(
      `From ${from} to ${to} the API ${says}, and the time cannot be halved further. Split the source by for_each or params${raise}.`,
    );
  }
}

/** The watermark of the last run belongs to another column than the configuration names now. */
export class CursorColumnChangedError extends TerminalError {
  override readonly name = 'CursorColumnChangedError';
  readonly code = 'cursor_column_changed';

  constructor(pipeline: string, before: string, now: string) {
    super(
      `The watermark of pipeline "${pipeline}" is one of ${before}, but incremental.cursor_column is ${now} now. Give the pipeline a new name to start over, or set cursor_column back.`,
    );
  }
}

/** A backfill was asked of a source that has no order. */
export class RangeNeedsCursorError extends TerminalError {
  override readonly name = 'RangeNeedsCursorError';
  readonly code = 'range_needs_cursor';

  constructor(pipeline: string) {
    super(
      `Pipeline "${pipeline}" has no cursor column, so --from and --to mean nothing to it. Set incremental.cursor_column.`,
    );
  }
}

/** Among very many rows with the newest value, too many changed to tell which of them are loaded. */
export class BoundaryUnclearError extends TerminalError {
  override readonly name = 'BoundaryUnclearError';
  readonly code = 'boundary_unclear';

  constructor(column: string, value: string, rows: number) {
    super(
      `${rows.toLocaleString('en-US')} rows have the newest ${column} (${value}) and so many of them came or went that those already loaded cannot be told from the others. Set key_columns and load_mode: upsert, which may load a row again without harm.`,
    );
  }
}
