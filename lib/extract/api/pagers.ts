import { type JsonPath, parseJsonPath } from '../../config/json-path.ts';
import type { PaginationOf, PaginationSettings, PaginationType } from '../../config/source-pagination.ts';
import { countOf, isTrue } from './json-value.ts';
import type { PagePosition } from './page-position.ts';
import type { NextPage, PageFacts, Pager } from './pager.ts';
import { cursorPager } from './pagers/cursor.ts';
import { linkHeaderPager } from './pagers/link-header.ts';
import { nextUrlPager } from './pagers/next-url.ts';
import { offsetPager } from './pagers/offset.ts';
import { pageNumberPager } from './pagers/page-number.ts';
import { usualLinksPager } from './pagers/usual-links.ts';
import type { RequestDraft } from './request-draft.ts';
import { headerText } from './retry-wait.ts';

/** One entry for each type of `pagination`. */
const pagers = {
  none: { paths: () => ({}), write: () => undefined, next: () => undefined },
  page_number: pageNumberPager,
  offset: offsetPager,
  cursor: cursorPager,
  link_header: linkHeaderPager,
  next_url: nextUrlPager,
} satisfies { readonly [T in PaginationType]: Pager<PaginationOf<T>> };

function pagerOf<T extends PaginationType>(settings: PaginationOf<T>): Pager<PaginationOf<T>> {
  const all: { readonly [K in PaginationType]: Pager<PaginationOf<K>> } = pagers;
  return all[settings.type as T];
}

export interface PageVerdict {
  /** Undefined: this was the last page. */
  readonly next: NextPage | undefined;
  /** Rows of all pages, where the API says so. */
  readonly total: number | undefined;
}

/** The values of a response's body that tell whether and how pages go on, by name. */
export function pagerPaths(pagination: PaginationSettings | undefined): Readonly<Record<string, JsonPath>> {
  const own = pagination === undefined ? usualLinksPager.paths(pagination) : pagerOf(pagination).paths(pagination);
  const stops = { has_more: stopOf(pagination)?.has_more_path, total: totalsOf(pagination)?.total_path };
  const paths: Record<string, JsonPath> = {};
  for (const [name, text] of Object.entries({ ...own, ...stops }))
    if (text !== undefined) paths[name] = parseJsonPath(text);
  return paths;
}

/** Puts what asks for the page at `position` into the request. */
export function writePage(
  draft: RequestDraft,
  pagination: PaginationSettings | undefined,
  position: PagePosition,
): void {
  if (pagination !== undefined) pagerOf(pagination).write(draft, pagination, position);
}

/** Decides from what the page at `position` said whether there is another one. */
export function nextPage(
  pagination: PaginationSettings | undefined,
  position: PagePosition,
  facts: PageFacts,
): PageVerdict {
  const total = totalOf(pagination, facts);
  if (pagination === undefined) return { next: usualLinksPager.next(pagination, position, facts), total };
  const stop = stopOf(pagination);
  const ended =
    (stop?.stop_on_empty_page === true && facts.rows === 0) ||
    (stop?.has_more_path !== undefined && !isTrue(facts.captures.get('has_more'))) ||
    (total !== undefined && position.rows + facts.rows >= total);
  return { next: ended ? undefined : pagerOf(pagination).next(pagination, position, facts), total };
}

function totalOf(pagination: PaginationSettings | undefined, facts: PageFacts): number | undefined {
  const totals = totalsOf(pagination);
  if (totals === undefined) return undefined;
  const inHeader = totals.total_header === undefined ? undefined : headerText(facts.headers, totals.total_header);
  return countOf(inHeader === undefined ? undefined : JSON.stringify(inHeader)) ?? countOf(facts.captures.get('total'));
}

function stopOf(pagination: PaginationSettings | undefined) {
  return pagination !== undefined && 'stop_on_empty_page' in pagination ? pagination : undefined;
}

function totalsOf(pagination: PaginationSettings | undefined) {
  return pagination !== undefined && ('total_path' in pagination || 'total_header' in pagination)
    ? pagination
    : undefined;
}
