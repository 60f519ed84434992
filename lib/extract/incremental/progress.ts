import { z } from 'zod';
import { parentMarkSchema, type Watermark } from '../../manifest.ts';
import { BoundarySet } from './boundary.ts';
import { type CursorKind, type CursorValue, compareCursors, cursorValueOf } from './cursor-value.ts';

const newestSchema = parentMarkSchema.omit({ ahead_of: true });

/** The newest value of the cursor column so far, and the rows that have it. Part of an extraction's cursor. */
export const progressSchema = z.strictObject({
  newest: newestSchema.optional(),
  /** The same of rows ahead of time, which do not move the watermark. */
  ahead: newestSchema.optional(),
  /** Parts with rows of which some are loaded already; which of them are new is known when all are there. */
  held: z.array(z.string()),
  already_loaded: z.int().min(0),
});

export type Progress = z.infer<typeof progressSchema>;
type Newest = z.infer<typeof newestSchema>;

/** A row that may be the newest so far. */
export interface NewRow {
  readonly value: CursorValue;
  /** Undefined where the load mode makes repeats harmless. */
  readonly key: Buffer | undefined;
  /** Its time has not come yet, so it says nothing about how far the source has been read. */
  readonly ahead: boolean;
}

/** Rows that are kept before the progress is moved by them: a page may have any number. */
export const rowsBetweenFolds = 10_000;

/** The progress after some more rows; the same however they are divided. */
export function advance(progress: Progress, rows: readonly NewRow[], kind: CursorKind): Progress {
  if (rows.length === 0) return progress;
  const newest = newestOf(
    progress.newest,
    rows.filter(({ ahead }) => !ahead),
    kind,
    false,
  );
  // Of rows ahead of time each is kept, because the next run reads all of them again.
  const ahead = newestOf(
    progress.ahead,
    rows.filter((row) => row.ahead),
    kind,
    true,
  );
  return { ...progress, newest, ahead };
}

function newestOf(
  before: Newest | undefined,
  rows: readonly NewRow[],
  kind: CursorKind,
  all: boolean,
): Newest | undefined {
  if (rows.length === 0) return before;
  let top = before === undefined ? undefined : markValue(before, kind);
  let count = before?.boundary_rows ?? 0;
  let boundary = before?.boundary === undefined ? undefined : new BoundarySet(before.boundary);
  for (const { key, value } of rows) {
    const order = top === undefined ? 1 : compareCursors(value, top);
    if (order < 0 && !all) continue;
    if (order > 0) top = value;
    if (order > 0 && !all) {
      count = 0;
      boundary = undefined;
    }
    count += 1;
    if (key === undefined) continue;
    boundary ??= new BoundarySet();
    boundary.add(key);
  }
  if (top === undefined) return before;
  const { quoted, text: value, type } = top;
  return { type, value, quoted, boundary_rows: count, boundary: boundary?.toJSON() };
}

/** The value of a watermark or of a part of it. */
export function markValue(
  mark: Pick<Watermark, 'type' | 'value' | 'quoted'>,
  kind: CursorKind,
): CursorValue | undefined {
  return cursorValueOf(mark.value, { ...kind, type: mark.type }, mark.quoted ?? mark.type !== 'number');
}
