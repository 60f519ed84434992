import type { PaginationOf } from '../../../config/source-pagination.ts';
import { linkTarget } from '../link-header.ts';
import type { Pager } from '../pager.ts';

export const linkHeaderPager: Pager<PaginationOf<'link_header'>> = {
  paths: () => ({}),
  write: () => undefined,
  next: ({ rel }, _position, { headers, url: base }) => {
    const url = linkTarget(headers.link, rel, base);
    return url === undefined ? undefined : { url };
  },
};
