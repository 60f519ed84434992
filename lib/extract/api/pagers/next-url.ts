import type { PaginationOf } from '../../../config/source-pagination.ts';
import { textOf, urlOf } from '../json-value.ts';
import type { Pager } from '../pager.ts';

export const nextUrlPager: Pager<PaginationOf<'next_url'>> = {
  paths: ({ next_path }) => ({ next: next_path }),
  write: () => undefined,
  next: (_settings, _position, { captures, url: base }) => {
    const text = textOf(captures.get('next'))?.trim() ?? '';
    const url = text === '' ? undefined : urlOf(text, base);
    return url === undefined ? undefined : { url };
  },
};
