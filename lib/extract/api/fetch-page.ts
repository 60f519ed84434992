import { createHash } from 'node:crypto';
import type { JsonPath } from '../../config/json-path.ts';
import type { PaginationSettings } from '../../config/source-pagination.ts';
import type { RowSearch } from '../json/row-search.ts';
import { advancePosition } from './advance-position.ts';
import type { ApiClient } from './api-client.ts';
import { ApiStatusError, type RequestShown, RowsMissingError } from './errors.ts';
import type { PagePosition } from './page-position.ts';
import { type PageContent, type RowSink, readPage } from './page-reader.ts';
import { pageRequest } from './page-request.ts';
import { nextPage, pagerPaths } from './pagers.ts';
import type { BaseRequest } from './request-draft.ts';
import { signPaths, unfollowedSign } from './signs.ts';

/** A sequence of pages: what to ask for, and how the responses are read. */
export interface PagePlan {
  readonly base: BaseRequest;
  readonly pagination: PaginationSettings | undefined;
  readonly rows: RowSearch;
  readonly captures: Readonly<Record<string, JsonPath>>;
  readonly maxPages: number | undefined;
}

export interface FetchedPage {
  readonly content: PageContent;
  /** Null when this was the last page. */
  readonly next: PagePosition | null;
  /** What a person should know. */
  readonly warning?: string | undefined;
}

export function pagePlan(plan: Omit<PagePlan, 'captures'>): PagePlan {
  return { ...plan, captures: { ...pagerPaths(plan.pagination), ...signPaths(plan.pagination) } };
}

/**
 * Asks for one page and reads its rows into the sink, which is empty again when this throws.
 *
 * @param enough  whether no further page is wanted; asked when the page has been read
 * @throws {RepeatedPageError} {RowsMissingError} and what `ApiClient.send` and `readPage` throw
 */
export async function fetchPage(
  client: ApiClient,
  plan: PagePlan,
  position: PagePosition,
  sink: RowSink,
  enough: () => boolean,
): Promise<FetchedPage> {
  const { base, captures, maxPages, pagination, rows: search } = plan;
  try {
    return await client.send(pageRequest(base, pagination, position), async (response) => {
      const content = await readPage(response, search, captures, sink, client.parts.redactor);
      const { digest, rows } = content;
      const facts = { rows, captures: content.captures, headers: response.headers, url: response.url };
      const { next, total } = nextPage(pagination, position, facts);
      const { shown } = response;
      const warning = shrinkWarning(shown, position, total) ?? unfollowedWarning(shown, pagination, content.captures);
      if (enough() || (maxPages !== undefined && position.page >= maxPages)) return { content, next: null };
      if (next !== undefined) {
        const moved = advancePosition(position, next, { rows, digest, total, url: response.url }, shown);
        return { content, next: moved, warning };
      }
      const rowsSoFar = position.rows + rows;
      if (total !== undefined && rowsSoFar < total) throw new RowsMissingError(shown, rowsSoFar, total);
      return { content, next: null, warning };
    });
  } catch (thrown) {
    await sink.restart();
    if (isBehindLast(pagination, position, thrown)) return { content: noContent, next: null };
    throw thrown;
  }
}

/** Some APIs answer with an error for the page behind the last one. */
function isBehindLast(pagination: PaginationSettings | undefined, position: PagePosition, thrown: unknown): boolean {
  if (position.page === 1 || pagination === undefined || pagination.type === 'none') return false;
  return thrown instanceof ApiStatusError && pagination.end_statuses.includes(thrown.status);
}

const noContent: PageContent = {
  rows: 0,
  bytes: 0,
  captures: new Map(),
  digest: createHash('sha256').digest('hex'),
};

/** Where rows vanish before the page being read, later ones move up into pages that were read already. */
function shrinkWarning(shown: RequestShown, position: PagePosition, total: number | undefined): string | undefined {
  if (total === undefined || position.total === undefined || total >= position.total) return undefined;
  return `The total of ${shown.method} ${endpointOf(shown)} went from ${position.total} to ${total} while its pages were read: rows that moved up may be missing. Use a cursor, or an order in which rows do not move.`;
}

function unfollowedWarning(
  shown: RequestShown,
  pagination: PaginationSettings | undefined,
  captures: ReadonlyMap<string, string>,
): string | undefined {
  const sign = unfollowedSign(pagination, captures);
  if (sign === undefined) return undefined;
  return `${shown.method} ${endpointOf(shown)} says by ${sign} that there are further pages, which were not read. Set pagination, or pagination: {type: none} if that is meant.`;
}

/** Without the query, so that the same warning of several pages is one. */
function endpointOf(shown: RequestShown): string {
  return shown.url.replace(/\?.*$/s, '');
}
