import type { ParentMark } from '../../manifest.ts';
import { BoundarySet } from './boundary.ts';
import { type CursorKind, compareCursors } from './cursor-value.ts';
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

function united<M extends ParentMark>(mark: M, ahead: ParentMark): M {
  const rows = mark.boundary_rows + ahead.boundary_rows;
  if (ahead.boundary === undefined) return { ...mark, boundary_rows: rows };
  const boundary = new BoundarySet(mark.boundary);
  boundary.merge(ahead.boundary);
  return { ...mark, boundary_rows: rows, boundary: boundary.toJSON() };
}
