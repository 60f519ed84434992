import type { PaginationOf } from '../../../config/source-pagination.ts';
import { countOf } from '../json-value.ts';
import type { Pager } from '../pager.ts';
import { put } from '../request-draft.ts';

export const pageNumberPager: Pager<PaginationOf<'page_number'>> = {
  counts: true,
  paths: ({ total_pages_path }) => ({ total_pages: total_pages_path }),
  scope: ({ first_page, page_size }, { page }) => ({ page: first_page + page - 1, limit: page_size }),
  write: (draft, settings, position, placed) => {
    if (!placed.has('page')) {
      put(draft, settings.in, settings.page_param, settings.first_page + position.page - 1);
    }
    if (settings.size_param !== undefined && settings.page_size !== undefined && !placed.has('limit')) {
      put(draft, settings.in, settings.size_param, settings.page_size);
    }
  },
  next: (_settings, position, facts) => {
    const pages = countOf(facts.captures.get('total_pages'));
    return pages !== undefined && position.page >= pages ? undefined : {};
  },
};
