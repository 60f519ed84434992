import type { IncrementalSettings } from '../../config/source-incremental.ts';
import type { Watermark } from '../../manifest.ts';
import type { ExtractRange } from '../request.ts';
import { type CursorValue, cursorValueOf, earlier, timestampText } from './cursor-value.ts';
import { CursorColumnChangedError, InvalidCursorValueError } from './errors.ts';

/** Which rows of a source are wanted. */
export interface Window {
  /** Rows before this are not wanted. */
  readonly from: CursorValue | undefined;
  /** Rows from this on are not wanted. */
  readonly to: CursorValue | undefined;
  /** The last run's newest value, where this run goes on from it. Rows that equal it may be loaded already. */
  readonly watermark: CursorValue | undefined;
  /** The bounds as the API wants them. */
  readonly start: string | undefined;
  readonly end: string | undefined;
}

/** A second before an exclusive bound, so that APIs which count whole seconds still return the rows that equal it. */
const exclusiveStep = 1;
const secondsOfDay = 86_400;

/**
 * What an incremental extraction asks for: from the watermark, or the initial value, or the range of a backfill.
 *
 * @throws {InvalidCursorValueError} when a bound is not of the column's type
 * @throws {CursorColumnChangedError} when the watermark is one of another column
 */
export function windowOf(
  settings: IncrementalSettings,
  pipeline: string,
  watermark: Watermark | undefined,
  range: ExtractRange | undefined,
): Window {
  if (range !== undefined) {
    const from = bound(range.from, settings, '--from');
    const to = bound(range.to, settings, '--to');
    return { from, to, watermark: undefined, start: startText(from, settings), end: endText(to, settings) };
  }
  if (watermark === undefined) {
    const initial = settings.initial_value === undefined ? undefined : String(settings.initial_value);
    const from = bound(initial, settings, 'incremental.initial_value');
    return { from, to: undefined, watermark: undefined, start: startText(from, settings), end: undefined };
  }
  if (watermark.cursor_column !== settings.cursor_column) {
    throw new CursorColumnChangedError(pipeline, watermark.cursor_column, settings.cursor_column);
  }
  const newest = cursorValueOf(watermark.value, watermark.type);
  if (newest === undefined) throw new InvalidCursorValueError('the stored watermark', watermark.value, watermark.type);
  const from = earlier(newest, settings.lag);
  const exact = settings.lag === 0 ? newest : undefined;
  return { from, to: undefined, watermark: exact, start: startText(from, settings), end: undefined };
}

function bound(text: string | undefined, settings: IncrementalSettings, place: string): CursorValue | undefined {
  if (text === undefined) return undefined;
  const value = cursorValueOf(text, settings.cursor_type);
  if (value === undefined) throw new InvalidCursorValueError(place, text, settings.cursor_type ?? 'text');
  return value;
}

/** Exclusive lower bounds begin a step earlier: rows that equal the bound must come, or late ones among them are lost. */
function startText(value: CursorValue | undefined, settings: IncrementalSettings): string | undefined {
  if (value === undefined) return undefined;
  if (settings.start_bound === 'inclusive') return formatted(value, settings, 'down');
  const step = settings.param_format === 'date' || isDate(value) ? secondsOfDay : exclusiveStep;
  return formatted(earlier(value, value.type === 'number' ? 1 : step), settings, 'down');
}

function endText(value: CursorValue | undefined, settings: IncrementalSettings): string | undefined {
  return value === undefined ? undefined : formatted(value, settings, 'up');
}

function isDate(value: CursorValue): boolean {
  return value.type === 'timestamp' && /^\d{4}-\d{2}-\d{2}$/.test(value.text);
}

function formatted(value: CursorValue, settings: IncrementalSettings, rounding: 'down' | 'up'): string {
  if (typeof value.order === 'string' || settings.param_format === 'as_is' || value.type === 'number')
    return value.text;
  const unit = {
    iso8601: 1n,
    date: 86_400_000_000_000n,
    epoch_seconds: 1_000_000_000n,
    epoch_milliseconds: 1_000_000n,
  }[settings.param_format];
  const down = value.order - (((value.order % unit) + unit) % unit);
  const rounded = rounding === 'down' || down === value.order ? down : down + unit;
  switch (settings.param_format) {
    case 'iso8601':
      return timestampText(rounded, isDate(value) ? '' : value.text);
    case 'date':
      return timestampText(rounded, '2000-01-01');
    case 'epoch_seconds':
    case 'epoch_milliseconds':
      return String(rounded / unit);
  }
}
