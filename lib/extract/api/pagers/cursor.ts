import type { PaginationOf } from '../../../config/source-pagination.ts';
import { scalarText } from '../json-value.ts';
import type { Pager } from '../pager.ts';
import { RawJson } from '../raw-json.ts';
import { put } from '../request-draft.ts';
import { headerText } from '../retry-wait.ts';

export const cursorPager: Pager<PaginationOf<'cursor'>> = {
  paths: ({ cursor_path }) => ({ cursor: cursor_path }),
  scope: (settings, { cursor }) => ({ cursor: cursor ?? firstCursor(settings) }),
  write: (draft, settings, position, placed) => {
    if (placed.has('cursor')) return;
    const cursor = position.cursor ?? firstCursor(settings);
    if (cursor !== undefined) put(draft, settings.in, settings.cursor_param, new RawJson(cursor));
  },
  next: ({ cursor_header, stop_on_same_cursor }, position, { captures, headers }) => {
    const cursor =
      cursor_header === undefined
        ? presentCursor(captures.get('cursor'))
        : presentHeader(headerText(headers, cursor_header));
    const isSame = stop_on_same_cursor === true && cursor === position.cursor;
    return cursor === undefined || isSame ? undefined : { cursor };
  },
};

/** What the first page is asked for with, as JSON. */
function firstCursor({ first_cursor }: PaginationOf<'cursor'>): string | undefined {
  return first_cursor === undefined ? undefined : JSON.stringify(first_cursor);
}

function presentCursor(json: string | undefined): string | undefined {
  if (json === undefined || json === 'null' || json === 'false') return undefined;
  return scalarText(json) === '' ? undefined : json;
}

function presentHeader(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : JSON.stringify(text);
}
