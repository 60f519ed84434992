import { z } from 'zod';
import { watermarkSchema } from '../../manifest.ts';
import { BoundarySet } from './boundary.ts';
import { type CursorValue, compareCursors, cursorValueOf } from './cursor-value.ts';

/** The newest value of the cursor column so far, and the rows that have it. Part of an extraction's cursor. */
export const progressSchema = z.strictObject({
  newest: watermarkSchema.pick({ type: true, value: true, boundary_rows: true, boundary: true }).optional(),
  /** Parts with the rows that equal the last watermark; which of them are new is known when all are there. */
  held: z.array(z.string()),
  already_loaded: z.int().min(0),
});

export type Progress = z.infer<typeof progressSchema>;

/** A row that is at least as new as the newest so far. */
export interface NewRow {
  readonly value: CursorValue;
  /** Undefined where the load mode makes repeats harmless. */
  readonly key: Buffer | undefined;
}

/** The progress after the rows of one more page. */
export function advance(progress: Progress, rows: readonly NewRow[]): Progress {
  if (rows.length === 0) return progress;
  const { newest } = progress;
  let top = newest === undefined ? undefined : cursorValueOf(newest.value, newest.type);
  let count = newest?.boundary_rows ?? 0;
  let boundary = newest?.boundary === undefined ? undefined : new BoundarySet(newest.boundary);
  for (const { key, value } of rows) {
    const order = top === undefined ? 1 : compareCursors(value, top);
    if (order < 0) continue;
    if (order > 0) {
      top = value;
      count = 0;
      boundary = key === undefined ? undefined : new BoundarySet();
    }
    count += 1;
    if (key !== undefined) boundary?.add(key);
  }
  if (top === undefined) return progress;
  return {
    ...progress,
    newest: {
      type: top.type,
      value: top.text,
      boundary_rows: count,
      boundary: boundary?.toJSON(),
    },
  };
}
