import { shiftFromNow } from '../duration.ts';
import type { IncrementalSettings } from '../source-incremental.ts';
import type { AddIssue } from './add-issue.ts';

/** A value of the cursor in the configuration has to be one, and what says how values are written has to matter. */
export function checkCursorValues(incremental: IncrementalSettings, sendsBounds: boolean, add: AddIssue): void {
  const {
    cursor_format,
    cursor_timezone,
    cursor_type,
    end,
    end_bound,
    end_param,
    initial_value,
    param_format,
    window,
  } = incremental;
  const addHere = (key: string, message: string): void => add(['incremental', key], message);
  const problem = initial_value === undefined ? undefined : valueProblem(initial_value, incremental);
  if (problem !== undefined) addHere('initial_value', problem);
  if (end !== undefined && (shiftFromNow(end) ?? 0) > 0) {
    addHere('end', 'lies ahead of time, so rows that come until then would be passed over; use "now" or earlier');
  }
  if (
    cursor_timezone !== 'UTC' &&
    (cursor_type === 'number' || /^(epoch_|json_date|http_date)/.test(cursor_format ?? ''))
  ) {
    addHere(
      'cursor_timezone',
      `is for times that are written without a zone, which ${cursor_format ?? 'numbers'} are not`,
    );
  }
  if (param_format !== 'as_is' && !sendsBounds) {
    addHere('param_format', 'says how bounds are sent, and none is: set start_param, or use {watermark}');
  }
  if (end_bound === 'inclusive' && end_param === undefined && window === undefined) {
    addHere('end_bound', 'is about the upper bound, and none is sent: set end_param');
  }
}

/** Why a value is none of the cursor column; undefined where it is one, or may be. */
function valueProblem(
  value: string | number,
  { cursor_format: format, cursor_type: type, window }: IncrementalSettings,
): string | undefined {
  const isNumber = Number.isFinite(Number(value)) && String(value).trim() !== '';
  if (format?.startsWith('epoch_') === true) {
    return isNumber ? undefined : `must be a number, for cursor_format is ${format}`;
  }
  if (type === 'number') return isNumber ? undefined : 'must be a number, for cursor_type is number';
  if (format !== undefined && format !== 'iso8601') return undefined;
  const isTime =
    typeof value === 'string' && /^\d{4}-\d\d/.test(value) && !Number.isNaN(Date.parse(value.slice(0, 10)));
  const needsTime = type === 'timestamp' || format === 'iso8601' || window !== undefined;
  return needsTime && !isTime ? 'must be a time of ISO 8601, e.g. 2025-01-01T00:00:00Z' : undefined;
}
