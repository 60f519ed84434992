import { parseJsonPath } from '../../config/json-path.ts';
import { compareCursors, cursorValue } from '../incremental/cursor-value.ts';
import type { Window } from '../incremental/window.ts';
import { fieldPath, fieldReader } from '../json/field-reader.ts';
import type { RowSink } from './page-records.ts';

/**
 * A sink that takes the rows of one slice: those before and behind it come, or came, with their own slice, whatever the
 * API makes of the bounds. Rows without a value of the column are passed on.
 */
export function slicedSink(sink: RowSink, column: string, { from, kind, to }: Window): RowSink {
  const read = fieldReader({ cursor: fieldPath(column, parseJsonPath) });
  return {
    restart: () => sink.restart(),
    reject: (raw, ordinal, reason) => sink.reject(raw, ordinal, reason),
    flush: () => sink.flush(),
    row: (line, ordinal) => {
      const value = cursorValue(read(line).get('cursor'), kind);
      const isOutside =
        value !== undefined &&
        ((from !== undefined && compareCursors(value, from) < 0) ||
          (to !== undefined && compareCursors(value, to) >= 0));
      return isOutside ? true : sink.row(line, ordinal);
    },
  };
}
