import { type JsonPath, parseJsonPath } from '../../config/json-path.ts';
import type { PaginationOf, PaginationSettings, PaginationType } from '../../config/source-pagination.ts';
import type { VariableName } from '../../config/template-words.ts';
import { countOf, isTrue } from './json-value.ts';
import { itemsBefore, type PagePosition } from './page-position.ts';
import type { NextPage, PageFacts, Pager } from './pager.ts';
import { cursorPager } from './pagers/cursor.ts';
import { linkHeaderPager } from './pagers/link-header.ts';
import { nextUrlPager } from './pagers/next-url.ts';
import { offsetPager } from './pagers/offset.ts';
import { pageNumberPager } from './pagers/page-number.ts';
import { usualLinksPager } from './pagers/usual-links.ts';
import type { RequestDraft } from './request-draft.ts';
import { headerText } from './retry-wait.ts';
import type { PageScope } from './template/variables.ts';

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

/** What a page says about the next one. */
export interface PageVerdict {
  /** Undefined: this was the last page. */
  readonly next: NextPage | undefined;
  /** Items of all pages, where the place that the configuration names says so. */
  readonly total: number | undefined;
  /** Settings that name a place where the response has nothing, e.g. `total_path $.meta.totl`. */
  readonly absent: readonly string[];
}

/** The values of a response's body that tell whether and how pages go on, by name. */
export function pagerPaths(pagination: PaginationSettings | undefined): Readonly<Record<string, JsonPath>> {
  if (pagination === undefined) return {};
  const stop = stopOf(pagination);
  const texts = {
    ...pagerOf(pagination).paths(pagination),
    has_more: stop?.has_more_path,
    total: stop?.total_path,
    is_last: stop?.is_last_path,
  };
  const paths: Record<string, JsonPath> = {};
  for (const [name, text] of Object.entries(texts)) if (text !== undefined) paths[name] = parseJsonPath(text);
  return paths;
}

/** Puts what asks for the page at `position` into the request, but for what its placeholders say already. */
export function writePage(
  draft: RequestDraft,
  pagination: PaginationSettings | undefined,
  position: PagePosition,
  placed: ReadonlySet<VariableName>,
): void {
  if (pagination !== undefined) pagerOf(pagination).write(draft, pagination, position, placed);
}

/** What the placeholders of a request stand for on the page at `position`. */
export function pageScope(pagination: PaginationSettings | undefined, position: PagePosition): PageScope {
  return pagination === undefined ? {} : (pagerOf(pagination).scope?.(pagination, position) ?? {});
}

/** Decides from what the page at `position` said whether there is another one. */
export function nextPage(
  pagination: PaginationSettings | undefined,
  position: PagePosition,
  facts: PageFacts,
): PageVerdict {
  if (pagination === undefined) {
    return { next: usualLinksPager.next(pagination, position, facts), total: undefined, absent: [] };
  }
  const stop = stopOf(pagination);
  const total = totalOf(stop, facts);
  const reached = total !== undefined && itemsBefore(position) + facts.items >= total;
  const pageSize = pageScope(pagination, position).limit;
  const ended =
    (stop?.stop_on_empty_page === true && facts.items === 0) ||
    (stop?.has_more_path !== undefined && !isTrue(facts.captures.get('has_more'))) ||
    (stop?.is_last_path !== undefined && isTrue(facts.captures.get('is_last'))) ||
    ('stop_on_short_page' in pagination && pagination.stop_on_short_page === true && facts.items < (pageSize ?? 0)) ||
    (reached && (stop?.stop_on_total ?? pagerOf(pagination).counts === true));
  const next = ended ? undefined : pagerOf(pagination).next(pagination, position, facts);
  return { next, total, absent: total === undefined ? absentTotals(stop) : [] };
}

type Stop = Exclude<PaginationSettings, { type: 'none' }>;

function stopOf(pagination: PaginationSettings): Stop | undefined {
  return 'stop_on_empty_page' in pagination ? pagination : undefined;
}

function totalOf(stop: Stop | undefined, facts: PageFacts): number | undefined {
  const inHeader = stop?.total_header === undefined ? undefined : headerText(facts.headers, stop.total_header);
  return countOf(inHeader === undefined ? undefined : JSON.stringify(inHeader)) ?? countOf(facts.captures.get('total'));
}

function absentTotals(stop: Stop | undefined): readonly string[] {
  return [
    ...(stop?.total_path === undefined ? [] : [`total_path ${stop.total_path}`]),
    ...(stop?.total_header === undefined ? [] : [`total_header ${stop.total_header}`]),
  ];
}
