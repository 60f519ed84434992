import { createHash } from 'node:crypto';
import { RepeatedPageError, type RequestShown } from './errors.ts';
import type { PagePosition } from './page-position.ts';
import type { NextPage } from './pager.ts';

/**
 * The position of the next page, unless the pages go round. Every page is compared with the one before and with the one
 * at the last power of two (Brent's algorithm): so a ring of any length is found, and only two digests are kept.
 *
 * @throws {RepeatedPageError} when a cursor, a URL or a page's whole content comes again
 */
export function advancePosition(
  position: PagePosition,
  next: NextPage,
  page: { readonly rows: number; readonly digest: string; readonly total: number | undefined; readonly url: URL },
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
  const asLast = page.digest === position.last_content;
  const asCheckpoint = page.digest === position.checkpoint_content;
  // Where the API itself leads on, two pages may happen to be alike; where pages are counted, one that repeats says that
  // the count means nothing to the API.
  const repeats = token === undefined ? asLast || asCheckpoint : asLast && asCheckpoint && position.page > 3;
  if (page.rows > 0 && repeats) {
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
    ...next,
    last,
    checkpoint: milestone ? last : position.checkpoint,
    last_content: page.digest,
    checkpoint_content: milestone ? page.digest : position.checkpoint_content,
    total: page.total,
  };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64').slice(0, 22);
}
