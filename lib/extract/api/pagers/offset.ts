import type { PaginationOf } from '../../../config/source-pagination.ts';
import { itemsBefore } from '../page-position.ts';
import type { Pager } from '../pager.ts';
import { put } from '../request-draft.ts';

export const offsetPager: Pager<PaginationOf<'offset'>> = {
  counts: true,
  paths: () => ({}),
  write: (draft, settings, position) => {
    put(draft, settings.in, settings.offset_param, itemsBefore(position));
    put(draft, settings.in, settings.limit_param, settings.limit);
  },
  next: () => ({}),
};
