import { type PaginationSettings, paginationSchema } from '../../config/source-pagination.ts';
import { countOf } from './json-value.ts';
import type { RequestDraft } from './request-draft.ts';
import { isPageSizeParameter, plainName } from './sign-words.ts';
import type { Sign, Signs } from './signs.ts';

/** A way in which pages may go on, to be tried. */
export interface PageCandidate {
  /** What would pin it in the configuration. */
  readonly pagination: PaginationSettings;
  /** The cursor of the second page, as JSON. */
  readonly cursor?: string | undefined;
  /** Where a response tells which page it is, and what it has to say on the second one. */
  readonly echo?: { readonly path: string; readonly expected: number } | undefined;
}

/** Ways that are tried at most: each costs a request. */
const maxCandidates = 4;

/**
 * How the pages may go on after a first page, by what its response says of itself and what was asked: the likeliest way
 * first. Nothing is guessed of which the response or the request does not give the name.
 */
export function recognisePages(signs: Signs, asked: RequestDraft, items: number): readonly PageCandidate[] {
  const found = [...byCursor(signs, asked), ...byCount(signs, asked, items)];
  return found.slice(0, maxCandidates);
}

function byCursor(signs: Signs, asked: RequestDraft): readonly PageCandidate[] {
  const { lead } = signs;
  if (lead?.json === undefined) return [];
  const header = headerOf(lead);
  const from = header === undefined ? { cursor_path: lead.place } : { cursor_header: header };
  return parametersFor(lead, asked).map(({ name, place }) => ({
    pagination: settingsOf({ type: 'cursor', in: place, cursor_param: name, ...from, ...flagOf(signs) }),
    cursor: lead.json,
  }));
}

type Place = 'query' | 'header' | 'body';

/** Parameters that take a cursor of this name: what an API calls `next_page_token` it wants as `page_token`. */
function parametersFor(lead: Sign, asked: RequestDraft): readonly { readonly name: string; readonly place: Place }[] {
  const name = headerOf(lead)?.replace(/^x-/i, '') ?? nameOf(lead.place);
  const plain = plainName(name);
  if (plain === 'nextrange') return [{ name: 'Range', place: 'header' }];
  const variable = graphVariable(asked);
  if (variable !== undefined) return [{ name: `variables.${variable}`, place: 'body' }];
  const place: Place = asked.method === 'POST' ? 'body' : 'query';
  const special = Object.hasOwn(specialParameters, plain) ? specialParameters[plain] : undefined;
  const names = special ?? [withoutNext(name), name].filter((one) => takers.has(plainName(one)));
  if (lead.json?.startsWith('{') === true && place === 'query') return [];
  // A name that the request has already comes first, however it is spelled there.
  const present = namesOf(asked).filter((one) => names.some((other) => plainName(other) === plainName(one)));
  return [...new Set([...present, ...names])].map((one) => ({ name: one, place }));
}

const specialParameters: Readonly<Record<string, readonly string[]>> = {
  lastevaluatedkey: ['ExclusiveStartKey'],
  endcursor: ['after', 'cursor'],
  aftercursor: ['page[after]', 'after'],
  nexttoken: ['next_token', 'nextToken', 'pagination_token'],
  next: ['next', 'cursor', 'page'],
  mscontinuation: ['continuationToken'],
  nextsearchafter: ['search_after'],
};

/** Parameters that mean the place of a page, and cannot be filters of the rows. */
const takers = new Set(
  'cursor pagetoken pagecursor token nexttoken page pagenumber marker offset start startat after startingafter bookmark continuationtoken continuation scrollid nextcursor nextpagetoken pageoffset skip skiptoken'.split(
    ' ',
  ),
);

/** `next_page_token` as `page_token`, and `nextPageToken` as `pageToken`. */
function withoutNext(name: string): string {
  const [, rest = name] = /^next[_-]?(.+)$/i.exec(name) ?? [];
  return rest === name ? name : rest.charAt(0).toLowerCase() + rest.slice(1);
}

/** The variable of a GraphQL query that takes a cursor, where the query has one. */
function graphVariable({ body }: RequestDraft): string | undefined {
  const query = body?.query;
  return typeof query === 'string' ? /\$(after|cursor|endCursor)\b/.exec(query)?.[1] : undefined;
}

const pageNames = new Set('page pageno pagenumber pagenum currentpage number pageindex'.split(' '));
const offsetNames = new Set('offset skip start startat startindex from resultoffset'.split(' '));

/** Pages that are counted: by a parameter of the request, or one that the response tells of. */
function byCount(signs: Signs, asked: RequestDraft, items: number): readonly PageCandidate[] {
  const isChecked = signs.total !== undefined || signs.pages !== undefined || signs.more !== undefined;
  if (!isChecked || items === 0) return [];
  const place: Place = asked.method === 'POST' ? 'body' : 'query';
  const parameters = parametersOf(asked);
  const found: PageCandidate[] = [];
  for (const [name, value] of parameters) {
    const plain = plainName(name);
    if (pageNames.has(plain) && value !== undefined && value <= 1) {
      found.push({ pagination: pages(signs, place, name, value), echo: echoOf(signs, pageNames, value + 1) });
    } else if (offsetNames.has(plain) && value === 0) {
      const limit = limitOf(signs, parameters, items);
      if (limit !== undefined) {
        found.push({ pagination: offsets(signs, place, name, limit), echo: echoOf(signs, offsetNames, items) });
      }
    }
  }
  if (found.length > 0) return found;
  for (const position of signs.positions) {
    const name = nameOf(position.place);
    const plain = plainName(name);
    const count = position.count ?? -1;
    if (pageNames.has(plain) && (count === 0 || count === 1)) {
      const asPage = plain === 'number' || plain === 'currentpage' ? 'page' : name;
      const echo = { path: position.place, expected: count + 1 };
      found.push({ pagination: pages(signs, place, asPage, count), echo });
    } else if (offsetNames.has(plain) && count === 0) {
      const limit = limitOf(signs, parameters, items);
      const echo = { path: position.place, expected: items };
      if (limit !== undefined) found.push({ pagination: offsets(signs, place, name, limit), echo });
    }
  }
  if (found.length === 0 && signs.pages !== undefined) found.push({ pagination: pages(signs, place, 'page', 1) });
  return found;
}

/** The parameter that asks for so many items, and how many: of the request, or as the response calls it. */
function limitOf(
  { pageSize }: Signs,
  parameters: readonly (readonly [string, number | undefined])[],
  items: number,
): { readonly name: string; readonly count: number } | undefined {
  const asked = parameters.find(([name, value]) => isPageSizeParameter(name) && value === items);
  if (asked !== undefined) return { name: asked[0], count: items };
  return pageSize?.count === items && headerOf(pageSize) === undefined
    ? { name: nameOf(pageSize.place), count: items }
    : undefined;
}

function pages(signs: Signs, place: Place, name: string, first: number): PaginationSettings {
  const { pages: count } = signs;
  const total = count === undefined || headerOf(count) !== undefined ? {} : { total_pages_path: count.place };
  return settingsOf({
    type: 'page_number',
    in: place,
    page_param: name,
    first_page: first,
    ...total,
    ...totalOf(signs),
    ...flagOf(signs),
  });
}

function offsets(
  signs: Signs,
  place: Place,
  name: string,
  limit: { readonly name: string; readonly count: number },
): PaginationSettings {
  const size = { limit_param: limit.name, limit: limit.count };
  return settingsOf({ type: 'offset', in: place, offset_param: name, ...size, ...totalOf(signs), ...flagOf(signs) });
}

function settingsOf(settings: object): PaginationSettings {
  return paginationSchema.parse(settings);
}

function totalOf({ total }: Signs): object {
  if (total === undefined) return {};
  const header = headerOf(total);
  return header === undefined ? { total_path: total.place } : { total_header: header };
}

function flagOf({ flag }: Signs): object {
  if (flag === undefined || headerOf(flag) !== undefined) return {};
  return flag.says === 'end' ? { is_last_path: flag.place } : { has_more_path: flag.place };
}

function echoOf({ positions }: Signs, names: ReadonlySet<string>, expected: number): PageCandidate['echo'] {
  const found = positions.find(({ place }) => names.has(plainName(nameOf(place))));
  return found === undefined ? undefined : { path: found.place, expected };
}

/** The name of a header that a sign stands in. */
function headerOf({ place }: Sign): string | undefined {
  return /^the header (\S+)$/.exec(place)?.[1];
}

/** The last name of a place, e.g. `after` of `$.paging.next.after`. */
function nameOf(place: string): string {
  return /\['((?:[^'\\]|\\.)*)'\]$/.exec(place)?.[1]?.replace(/\\(.)/g, '$1') ?? /([^.[\]]+)$/.exec(place)?.[1] ?? '';
}

function namesOf(asked: RequestDraft): readonly string[] {
  return parametersOf(asked).map(([name]) => name);
}

/** Parameters where the request has them, with the counts that they are. */
function parametersOf({ body, method, url }: RequestDraft): readonly (readonly [string, number | undefined])[] {
  const entries: readonly (readonly [string, unknown])[] =
    method === 'POST' ? Object.entries(body ?? {}) : [...url.searchParams];
  return entries.map(([name, value]) => [name, countOf(JSON.stringify(value))] as const);
}
