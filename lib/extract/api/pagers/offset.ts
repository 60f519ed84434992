import type { PaginationOf } from '../../../config/source-pagination.ts';
import { itemsBefore } from '../page-position.ts';
import type { Pager } from '../pager.ts';
import { put } from '../request-draft.ts';

export const offsetPager: Pager<PaginationOf<'offset'>> = {
  counts: true,
  paths: () => ({}),
  scope: ({ limit }, position) => ({ offset: itemsBefore(position), limit }),
  write: (draft, settings, position, placed) => {
    if (placed.has('offset')) return;
    put(draft, settings.in, settings.offset_param, itemsBefore(position));
    if (!placed.has('limit')) put(draft, settings.in, settings.limit_param, settings.limit);
  },
  next: () => ({}),
};
