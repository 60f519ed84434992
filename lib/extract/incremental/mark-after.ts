import type { IncrementalSettings } from '../../config/source-incremental.ts';
import type { ParentMark } from '../../manifest.ts';
import { BoundarySet } from './boundary.ts';
import {
  type CursorKind,
  type CursorValue,
  compareCursors,
  cursorValueOf,
  isoText,
  timestampText,
} from './cursor-value.ts';
import { markValue, type Progress } from './progress.ts';

/**
 * How far a source has been read after a complete extraction: never before the last mark, and not ahead of time.
 *
 * @param added    keys of the rows that equal the last mark, or are ahead of time, and that no run had loaded
 * @param horizon  ISO 8601; rows after it are ahead of time
 */
export function markAfter(
  last: ParentMark | undefined,
  { ahead, newest }: Pick<Progress, 'ahead' | 'newest'>,
  added: readonly Buffer[],
  kind: CursorKind,
  horizon: string,
): ParentMark | undefined {
  const before = last === undefined ? undefined : markValue(last, kind);
  const now = newest === undefined ? undefined : markValue(newest, kind);
  const later = now !== undefined && (before === undefined || compareCursors(now, before) > 0);
  const same = now !== undefined && before !== undefined && compareCursors(now, before) === 0;
  if (newest !== undefined && (later || (same && (ahead ?? last?.ahead_of) !== undefined))) {
    return ahead === undefined ? newest : { ...united(newest, ahead), ahead_of: horizon };
  }
  if (last === undefined) return ahead === undefined ? undefined : { ...ahead, value: '', ahead_of: horizon };
  if (ahead !== undefined && last.ahead_of === undefined) return { ...united(last, ahead), ahead_of: horizon };
  if (added.length === 0 || last.boundary === undefined) return last;
  const boundary = new BoundarySet(last.boundary);
  for (const key of added) boundary.add(key);
  return { ...last, boundary_rows: last.boundary_rows + added.length, boundary: boundary.toJSON() };
}

/**
 * The mark moved to where reading ended, although the newest row is older: of days, to the day that has not ended. Where no
 * row has told how values are written, the configuration's beginning does.
 */
export function markAtEnd(
  mark: ParentMark | undefined,
  { order: end }: CursorValue,
  { settings, tellsApart }: { readonly settings: IncrementalSettings; readonly tellsApart: boolean },
  kind: CursorKind,
): ParentMark | undefined {
  const known = mark !== undefined && mark.value !== '' ? mark.value : String(settings.initial_value ?? '');
  if (typeof end !== 'bigint') return mark;
  // What the values' way of writing does not tell apart is read again.
  const model = cursorValueOf(known, kind);
  const text = model === undefined ? isoText(end, 0) : timestampText(end, known, kind);
  const moved = cursorValueOf(text, kind);
  const before = mark === undefined ? undefined : markValue(mark, kind);
  if (moved === undefined || (before !== undefined && compareCursors(moved, before) <= 0)) return mark;
  const { ahead_of } = mark ?? {};
  // Rows that were ahead of time are still to be known.
  if (ahead_of !== undefined) return mark;
  const boundary = tellsApart ? { boundary: { hashes: [] } } : {};
  const quoted = mark?.quoted ?? typeof settings.initial_value !== 'number';
  return { type: 'timestamp', value: text, quoted, boundary_rows: 0, ...boundary };
}

function united<M extends ParentMark>(mark: M, ahead: ParentMark): M {
  const rows = mark.boundary_rows + ahead.boundary_rows;
  if (ahead.boundary === undefined) return { ...mark, boundary_rows: rows };
  const boundary = new BoundarySet(mark.boundary);
  boundary.merge(ahead.boundary);
  return { ...mark, boundary_rows: rows, boundary: boundary.toJSON() };
}
