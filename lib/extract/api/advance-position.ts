import { createHash } from 'node:crypto';
import type { RequestShown } from './errors.ts';
import { RepeatedPageError } from './page-errors.ts';
import { itemsBefore, type PagePosition } from './page-position.ts';
import type { PageContent } from './page-reader.ts';
import type { NextPage } from './pager.ts';
import type { Sign } from './signs.ts';

/**
 * The position of the next page, unless the pages go round. Every page is compared with the one before and with the one
 * at the last power of two (Brent's algorithm): so a ring of any length is found, and only two digests are kept.
 *
 * @throws {RepeatedPageError} when a cursor, a URL or a page's whole content comes again
 */
export function advancePosition(
  position: PagePosition,
  next: NextPage,
  page: Pick<PageContent, 'rows' | 'items' | 'signs' | 'absent' | 'identity' | 'header'> & {
    readonly total: number | undefined;
    readonly url: URL;
  },
  shown: RequestShown,
): PagePosition {
  const token = next.cursor ?? next.url;
  const here = position.url ?? position.cursor ?? (next.url === undefined ? undefined : page.url.href);
  if (token !== undefined) {
    const digest = digestOf(token);
    if (token === here || digest === position.last || digest === position.checkpoint) {
      throw new RepeatedPageError(
        shown,
        next.url === undefined ? 'an earlier cursor' : 'an earlier URL',
        position.page + 1,
        'Check pagination: the path or header of the cursor, and the parameter that takes it.',
      );
    }
  }
  const asLast = page.identity === position.last_content;
  const asCheckpoint = page.identity === position.checkpoint_content;
  // Where the API itself leads on, two pages may happen to be alike; where pages are counted, one that repeats says that
  // the count means nothing to the API.
  const repeats = token === undefined ? asLast || asCheckpoint : asLast && asCheckpoint && position.page > 3;
  if (page.items > 0 && repeats) {
    throw new RepeatedPageError(
      shown,
      'the rows of an earlier page',
      position.page,
      'Check the names of the parameters in pagination; the API may not know them. Set max_pages, or pagination: {type: none} where there is one page only.',
    );
  }
  const milestone = (position.page & (position.page - 1)) === 0;
  const last = token === undefined ? position.last : digestOf(token);
  return {
    page: position.page + 1,
    rows: position.rows + page.rows,
    items: itemsBefore(position) + page.items,
    ...next,
    last,
    checkpoint: milestone ? last : position.checkpoint,
    last_content: page.identity,
    checkpoint_content: milestone ? page.identity : position.checkpoint_content,
    total: page.total,
    job: position.job,
    slices: position.slices,
    recognised: position.recognised,
    header: page.header,
    listless: page.absent !== undefined && (position.listless ?? position.page === 1) ? true : undefined,
    announced: largest(position.announced, page.signs.total),
  };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64').slice(0, 22);
}

function largest(before: PagePosition['announced'], now: Sign | undefined): PagePosition['announced'] {
  if (now?.count === undefined) return before;
  return before !== undefined && before.count >= now.count ? before : { place: now.place, count: now.count };
}
