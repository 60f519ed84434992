import type { IncomingHttpHeaders } from 'node:http';
import { type JsonPath, parseJsonPath } from '../../config/json-path.ts';
import type { PaginationSettings } from '../../config/source-pagination.ts';
import { linkTarget } from './link-header.ts';
import type { PagePosition } from './page-position.ts';
import { headerText } from './retry-wait.ts';

/** What a page said of itself. */
export interface PageFacts {
  readonly rows: number;
  /** Values of the body by the names of `pagerPaths`, as JSON text. */
  readonly captures: ReadonlyMap<string, string>;
  readonly headers: IncomingHttpHeaders;
  /** Where it came from. */
  readonly url: URL;
}

/** How the next page is asked for. */
export type NextPage = Pick<PagePosition, 'cursor' | 'url'>;

export interface PageVerdict {
  /** Undefined: this was the last page. */
  readonly next: NextPage | undefined;
  /** Rows of all pages, where the API says so. */
  readonly total: number | undefined;
}

/** Where APIs that are not told about by the configuration put the URL of the next page. */
const usualNextPaths = [
  '$.next',
  '$.next_url',
  '$.next_page_url',
  '$.links.next',
  '$.links.next.href',
  '$._links.next.href',
  '$.paging.next',
  '$.pagination.next',
  '$.pagination.next_url',
  '$.meta.next',
  "$['@odata.nextLink']",
];

/** Signs that there are more pages, which cannot be followed without being told how. */
const moreSigns = [
  '$.has_more',
  '$.hasMore',
  '$.next_cursor',
  '$.nextCursor',
  '$.next_page_token',
  '$.nextPageToken',
  '$.meta.next_cursor',
  '$.pagination.next_cursor',
  '$.pagination.has_more',
];

/** Where an answer says that there is more, though the configuration says nothing of pages. */
export function unfollowedSign(
  pagination: PaginationSettings | undefined,
  captures: ReadonlyMap<string, string>,
): string | undefined {
  if (pagination !== undefined) return undefined;
  return moreSigns.find((_path, index) => isTrue(captures.get(`sign${index}`)));
}

/** The values of an answer's body that tell whether and how pages go on. */
export function pagerPaths(pagination: PaginationSettings | undefined): Readonly<Record<string, JsonPath>> {
  if (pagination === undefined) {
    return Object.fromEntries([
      ...usualNextPaths.map((path, index) => [`next${index}`, parseJsonPath(path)]),
      ...moreSigns.map((path, index) => [`sign${index}`, parseJsonPath(path)]),
    ]) as Record<string, JsonPath>;
  }
  const paths: Record<string, JsonPath> = {};
  const add = (name: string, text: string | undefined): void => {
    if (text !== undefined) paths[name] = parseJsonPath(text);
  };
  if ('has_more_path' in pagination) add('has_more', pagination.has_more_path);
  if ('total_path' in pagination) add('total', pagination.total_path);
  if ('total_pages_path' in pagination) add('total_pages', pagination.total_pages_path);
  if ('cursor_path' in pagination) add('cursor', pagination.cursor_path);
  if ('next_path' in pagination) add('next', pagination.next_path);
  return paths;
}

/** Decides from what a page said whether there is another one. `position` is the page's own. */
export function judgePage(
  pagination: PaginationSettings | undefined,
  position: PagePosition,
  facts: PageFacts,
): PageVerdict {
  const total = totalOf(pagination, facts);
  const ended = { next: undefined, total };
  if (pagination === undefined) {
    const url = linkTarget(facts.headers.link, 'next', facts.url) ?? usualNext(facts);
    return { next: url === undefined ? undefined : { url }, total };
  }
  if (pagination.type === 'none') return ended;
  if (pagination.stop_on_empty_page && facts.rows === 0) return ended;
  if (pagination.has_more_path !== undefined && !isTrue(facts.captures.get('has_more'))) return ended;
  switch (pagination.type) {
    case 'page_number': {
      const pages = countOf(facts.captures.get('total_pages'));
      if (pages !== undefined && position.page >= pages) return ended;
      return total !== undefined && position.rows + facts.rows >= total ? ended : { next: {}, total };
    }
    case 'offset':
      return total !== undefined && position.rows + facts.rows >= total ? ended : { next: {}, total };
    case 'cursor': {
      const cursor =
        pagination.cursor_header === undefined
          ? presentCursor(facts.captures.get('cursor'))
          : presentHeader(headerText(facts.headers, pagination.cursor_header));
      return cursor === undefined ? ended : { next: { cursor }, total };
    }
    case 'link_header': {
      const url = linkTarget(facts.headers.link, pagination.rel, facts.url);
      return url === undefined ? ended : { next: { url }, total };
    }
    case 'next_url': {
      const text = textOf(facts.captures.get('next'));
      const url = text === undefined || text.trim() === '' ? undefined : urlOf(text.trim(), facts.url);
      return url === undefined ? ended : { next: { url }, total };
    }
  }
}

function totalOf(pagination: PaginationSettings | undefined, facts: PageFacts): number | undefined {
  if (pagination?.type !== 'page_number' && pagination?.type !== 'offset') return undefined;
  const header = pagination.total_header;
  const inHeader = header === undefined ? undefined : headerText(facts.headers, header);
  return countOf(inHeader === undefined ? undefined : JSON.stringify(inHeader)) ?? countOf(facts.captures.get('total'));
}

/** A count given as a number or as a text, e.g. `3500`, `"3500"` or `"3,500"`. */
function countOf(json: string | undefined): number | undefined {
  const text = json === undefined ? undefined : scalarText(json);
  if (text === undefined || !/^\d{1,3}(,\d{3})+$|^\d+(\.0+)?$/.test(text.trim())) return undefined;
  return Number(text.replaceAll(',', ''));
}

function isTrue(json: string | undefined): boolean {
  const text = json === undefined ? undefined : scalarText(json)?.trim().toLowerCase();
  return text !== undefined && !['', 'false', '0', 'no', 'null'].includes(text);
}

function presentCursor(json: string | undefined): string | undefined {
  if (json === undefined || json === 'null' || json === 'false') return undefined;
  return scalarText(json) === '' ? undefined : json;
}

function presentHeader(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : JSON.stringify(text);
}

function usualNext(facts: PageFacts): string | undefined {
  for (let index = 0; index < usualNextPaths.length; index += 1) {
    const text = textOf(facts.captures.get(`next${index}`));
    if (text === undefined || !/^(https?:\/\/|\/|\?)/.test(text)) continue;
    const url = urlOf(text, facts.url);
    if (url !== undefined) return url;
  }
  return undefined;
}

function urlOf(text: string, base: URL): string | undefined {
  return URL.canParse(text, base.href) ? new URL(text, base).href : undefined;
}

/** The characters of a JSON text value; undefined where it is none. */
function textOf(json: string | undefined): string | undefined {
  return json?.startsWith('"') === true ? (JSON.parse(json) as string) : undefined;
}

/** What a JSON scalar says, as characters: a text without its quotes, the rest as written. */
function scalarText(json: string): string | undefined {
  if (json.startsWith('{') || json.startsWith('[')) return undefined;
  return textOf(json) ?? json;
}
