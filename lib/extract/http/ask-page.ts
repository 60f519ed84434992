import type { JsonPath } from '../../config/json-path.ts';
import type { PaginationSettings } from '../../config/source-pagination.ts';
import type { RowSearch } from '../row-search.ts';
import type { ApiClient } from './api-client.ts';
import { RowsMissingError } from './errors.ts';
import { type BaseCall, pageCall } from './page-call.ts';
import { moveOn } from './page-guard.ts';
import type { PagePosition } from './page-position.ts';
import { type PageContent, type RowSink, readPage } from './page-reader.ts';
import { judgePage, pagerPaths, unfollowedSign } from './pager.ts';

/** A sequence of pages: what to ask for, and how the answers are read. */
export interface PagePlan {
  readonly base: BaseCall;
  readonly pagination: PaginationSettings | undefined;
  readonly rows: RowSearch;
  readonly captures: Readonly<Record<string, JsonPath>>;
  readonly maxPages: number | undefined;
}

export interface AskedPage {
  readonly content: PageContent;
  /** Null when this was the last page. */
  readonly next: PagePosition | null;
  /** What a person should know. */
  readonly warning?: string;
}

export function pagePlan(plan: Omit<PagePlan, 'captures'>): PagePlan {
  return { ...plan, captures: pagerPaths(plan.pagination) };
}

/**
 * Asks for one page and reads its rows into the sink, which is empty again when this throws.
 *
 * @param enough  whether no further page is wanted; asked when the page has been read
 * @throws {RepeatedPageError} {RowsMissingError} and what `ApiClient.ask` and `readPage` throw
 */
export async function askPage(
  client: ApiClient,
  plan: PagePlan,
  position: PagePosition,
  sink: RowSink,
  enough: () => boolean,
): Promise<AskedPage> {
  const { base, captures, maxPages, pagination, rows: search } = plan;
  try {
    return await client.ask(pageCall(base, pagination, position), async (answer) => {
      const content = await readPage(answer, search, captures, sink, client.parts.redactor);
      const { digest, rows } = content;
      const facts = { rows, captures: content.captures, headers: answer.headers, url: answer.url };
      const { next, total } = judgePage(pagination, position, facts);
      if (enough() || (maxPages !== undefined && position.page >= maxPages)) return { content, next: null };
      const rowsSoFar = position.rows + rows;
      if (next !== undefined) {
        return { content, next: moveOn(position, next, { rows, digest, total, url: answer.url }, answer.shown) };
      }
      if (total !== undefined && rowsSoFar < total) throw new RowsMissingError(answer.shown, rowsSoFar, total);
      const sign = unfollowedSign(pagination, content.captures);
      if (sign === undefined) return { content, next: null };
      const warning = `${answer.shown.method} ${answer.shown.url} says by ${sign} that there are further pages, which were not read. Set pagination, or pagination: {type: none} if that is meant.`;
      return { content, next: null, warning };
    });
  } catch (thrown) {
    await sink.restart();
    throw thrown;
  }
}
