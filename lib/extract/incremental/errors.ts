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
