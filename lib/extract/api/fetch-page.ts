import type { JsonPath } from '../../config/json-path.ts';
import { loadModeTraits } from '../../config/load-mode.ts';
import type { ApiSettings } from '../../config/pipeline.ts';
import { type PaginationSettings, paginationSchema } from '../../config/source-pagination.ts';
import { type RowSearch, type RowSettings, rowSearch } from '../json/row-search.ts';
import { advancePosition } from './advance-position.ts';
import type { PageClient } from './api-client.ts';
import { ApiStatusError, type RequestShown } from './errors.ts';
import { excerptOf } from './excerpt.ts';
import { demandWhole, judgePage } from './judge-page.ts';
import { ApiErrorResponseError, PagesUnreadError, RowsMissingError } from './page-errors.ts';
import { itemsBefore, type PagePosition } from './page-position.ts';
import { type AnswerSettings, emptyPage, type PageContent, readPage } from './page-reader.ts';
import type { RowSink } from './page-records.ts';
import { pageRequest, type SequenceRequest } from './page-request.ts';
import { nextPage, pagerPaths } from './pagers.ts';
import { recognisePages } from './recognise-pages.ts';
import { type ResponseRules, responseRules, rulePaths } from './response-verdict.ts';
import { openEnd, unreadSign } from './unread-sign.ts';

/** A sequence of pages: what to ask for, and how the responses are read. */
export interface PagePlan {
  readonly request: SequenceRequest;
  readonly pagination: PaginationSettings | undefined;
  readonly rows: RowSearch;
  readonly captures: Readonly<Record<string, JsonPath>>;
  readonly maxPages: number | undefined;
  /** Whether signs of an error, and of rows that were not read, fail the run. */
  readonly failsOn: { readonly error: boolean; readonly unread: boolean };
  /** What would become of rows that are not read; a sentence. */
  readonly lossOfUnread: string | undefined;
  readonly rules: ResponseRules;
  /** Whether a page is one that was asked for, and not the first one again; of a way that is tried. */
  readonly accepts?: ((content: PageContent) => boolean) | undefined;
  /** Pages that are counted end where the response says that they do. */
  readonly endsBySigns?: boolean | undefined;
  /** What the bytes of responses are. */
  readonly answer: AnswerSettings;
  /** A first page that says by its total that there are more items than this is not read. */
  readonly splitOver: number | undefined;
  /** Statuses of a first page that mean that there are no rows. */
  readonly noRowsStatuses: readonly number[];
  /** A first page without a list has no rows. */
  readonly listMayBeOmitted: boolean;
}

export interface FetchedPage {
  readonly content: PageContent;
  /** Of the page that was read; none where none was. */
  readonly digests: readonly string[];
  /** Null when this was the last page. */
  readonly next: PagePosition | null;
  /** What a person should know; sentences. */
  readonly warnings: readonly string[];
  /** What would pin how the pages go on, where that was found out. */
  readonly recognised?: PaginationSettings | undefined;
}

/** The plan for a pipeline's pages, or for those of its parents' endpoint. */
export function pagePlan(
  request: SequenceRequest,
  pages: RowSettings &
    AnswerSettings & {
      readonly pagination?: PaginationSettings | undefined;
      readonly max_pages?: number | undefined;
      readonly no_rows_statuses?: readonly number[] | undefined;
    },
  settings: ApiSettings,
): PagePlan {
  const { incremental, load_mode, on_incomplete, on_omitted_list } = settings;
  const { deletesUnread } = loadModeTraits[load_mode];
  const rules = responseRules(settings);
  // A watermark passes over what was not read, so it would never come.
  const losesUnread = deletesUnread || incremental !== undefined;
  return {
    request,
    pagination: pages.pagination,
    rows: rowSearch(pages),
    captures: { ...pagerPaths(pages.pagination), ...rulePaths(rules) },
    rules,
    answer: { format: pages.format, encoding: pages.encoding, csv: pages.csv },
    splitOver: incremental?.window === undefined ? undefined : incremental.split_when?.total_over,
    noRowsStatuses: pages.no_rows_statuses ?? [],
    maxPages: pages.max_pages,
    failsOn: {
      error: on_incomplete !== 'warn',
      unread: on_incomplete === undefined ? losesUnread : on_incomplete === 'fail',
    },
    lossOfUnread: deletesUnread
      ? 'load_mode replace would delete the rows that were not read.'
      : incremental === undefined
        ? undefined
        : 'The watermark would pass over the rows that were not read.',
    listMayBeOmitted: on_omitted_list === 'empty',
  };
}

/**
 * Asks for one page and reads its rows into the sink, which is empty again when this throws.
 *
 * @param enough  whether no further page is wanted; asked when the page has been read
 * @throws {ApiErrorResponseError} when the response is an error with a good status
 * @throws {PagesUnreadError} when this was the last page and the API says that there is more
 * @throws {RepeatedPageError} {RowsMissingError} and what `ApiClient.send` and `readPage` throw
 */
export async function fetchKnownPage(
  client: PageClient,
  plan: PagePlan,
  position: PagePosition,
  sink: RowSink,
  enough: () => boolean,
): Promise<FetchedPage> {
  const { captures, maxPages, pagination, request, rules } = plan;
  const { redactor } = client.parts;
  const call = pageRequest(request, pagination, position);
  let shown: RequestShown | undefined;
  try {
    return await client.send(call, async (response) => {
      shown = response.shown;
      const content = await readPage(response, plan.rows, captures, sink, redactor, position.header, plan.answer);
      judgePage(plan, content, response, redactor);
      const warnings: string[] = [];
      const facts = { ...content, headers: response.headers, url: response.url };
      const { absent, next, total } = nextPage(pagination, position, facts);
      demandWhole(plan, position.page, total ?? content.signs.total?.count, content, response);
      const { error } = content.signs;
      if (error !== undefined && rules.success.length === 0) {
        const excerpt = error.json === undefined ? '' : excerptOf(error.json, redactor);
        const thrown = new ApiErrorResponseError(shown, response.status, error.place, excerpt);
        if (plan.failsOn.error) throw thrown;
        warnings.push(thrown.message);
      }
      if (content.absent !== undefined && !mayBeAbsent(plan, position, content, next, total)) throw content.absent;
      if (content.namesLost) warnings.push(nameWarning(shown, plan.rows.shown));
      warnings.push(...absentWarnings(shown, absent), ...shrinkWarnings(shown, position, total));
      const recognised = pagination === undefined && next !== undefined ? linkSettings(content.signs) : undefined;
      const page = { content, digests: [content.digest], warnings, recognised };
      if (enough() || (maxPages !== undefined && position.page >= maxPages)) return { ...page, next: null };
      const facing = { ...content, total, url: response.url };
      if (next !== undefined && !isAtEnd(plan, position, content)) {
        const moved = advancePosition(position, next, facing, shown);
        return { ...page, next: moved };
      }
      const unread = unreadSign(position, content);
      const candidates =
        pagination === undefined && unread !== undefined
          ? recognisePages(content.signs, request.draft({}), content.items)
          : [];
      const [first] = candidates;
      if (first !== undefined && unread !== undefined && position.page === 1) {
        const moved = advancePosition(position, { cursor: first.cursor }, facing, shown);
        const what = `${shown.method} ${endpointOf(shown)} ${unread}`;
        const tried = { candidates: [...candidates], confirmed: false, unread: what, seen: [...content.seen] };
        return { ...page, next: { ...moved, recognised: tried } };
      }
      return { ...page, next: null, warnings: [...warnings, ...ended(plan, position, content, total, shown)] };
    });
  } catch (thrown) {
    await sink.restart();
    if (position.page === 1 && thrown instanceof ApiStatusError && plan.noRowsStatuses.includes(thrown.status)) {
      return { content: emptyPage, digests: [emptyPage.digest], next: null, warnings: [] };
    }
    if (!isBehindLast(plan, position, thrown)) throw thrown;
    const where = shown ?? { method: call.method, url: redactor.url(call.url) };
    const warnings = ended(plan, position, emptyPage, position.total, where);
    return { content: emptyPage, digests: [emptyPage.digest], next: null, warnings };
  }
}

/**
 * What is to be said when no further page is asked for.
 *
 * @throws {RowsMissingError} when the total at the configured place is not reached
 * @throws {PagesUnreadError} when there are other signs of more, and that fails the run
 */
function ended(
  plan: PagePlan,
  position: PagePosition,
  content: PageContent,
  total: number | undefined,
  shown: RequestShown,
): readonly string[] {
  const items = itemsBefore(position) + content.items;
  if (total !== undefined && content.itemsKnown && items < total) throw new RowsMissingError(shown, items, total);
  const unread = unreadSign(position, content);
  const open = endsByAbsence(plan, content) ? openEnd(content) : undefined;
  if (unread === undefined && open === undefined) return [];
  const what = `${shown.method} ${endpointOf(shown)} ${unread ?? open}`;
  return sayUnread(plan, what, unread !== undefined);
}

/**
 * What is to be said of pages that are not read.
 *
 * @param certain  that there are some
 * @throws {PagesUnreadError} when that fails the run
 */
export function sayUnread(plan: PagePlan, what: string, certain: boolean): readonly string[] {
  if (certain && plan.failsOn.unread) throw new PagesUnreadError(what, plan.lossOfUnread);
  return [`${what} Set pagination; or max_pages where the rest is left out on purpose.`];
}

/** Searches that count no further do so to a multiple of this, e.g. 1,000 or 10,000. */
const capUnit = 1_000;

/** Whether counted pages that were recognised are at the end of what the API says that there is. */
function isAtEnd({ endsBySigns }: PagePlan, position: PagePosition, { items, signs }: PageContent): boolean {
  if (endsBySigns !== true) return false;
  const total = signs.total?.count;
  // A round number may be the most that an API counts to.
  const isCap = total !== undefined && total > 0 && total % capUnit === 0;
  if (total !== undefined && !isCap && itemsBefore(position) + items >= total) return true;
  return signs.pages?.count !== undefined && position.page >= signs.pages.count;
}

/** What would pin that the URL of the next page is followed. */
function linkSettings({ nextUrlPlace: place }: PageContent['signs']): PaginationSettings | undefined {
  if (place === undefined || place.includes('[rel=')) return undefined;
  return paginationSchema.parse(
    place.startsWith('$') ? { type: 'next_url', next_path: place } : { type: 'link_header' },
  );
}

/** Whether the pages ended only because nothing said that there is another one. */
function endsByAbsence({ pagination }: PagePlan, { captures }: PageContent): boolean {
  if (pagination === undefined) return true;
  return 'has_more_path' in pagination && pagination.has_more_path !== undefined && !captures.has('has_more');
}

/**
 * Whether a response without a list means that there are no rows, and not that the path is wrong: where another page had
 * one, or may have one, or where the API says that there are none.
 */
function mayBeAbsent(
  plan: PagePlan,
  position: PagePosition,
  { signs }: PageContent,
  next: Pick<PagePosition, 'cursor' | 'url'> | undefined,
  total: number | undefined,
): boolean {
  const leads = next?.cursor !== undefined || next?.url !== undefined;
  const listless = position.listless ?? position.page === 1;
  return plan.listMayBeOmitted || !listless || leads || total === 0 || signs.total?.count === 0;
}

/** Some APIs answer with an error for the page behind the last one. */
function isBehindLast({ pagination }: PagePlan, position: PagePosition, thrown: unknown): boolean {
  if (position.page === 1 || pagination === undefined || !('end_statuses' in pagination)) return false;
  return thrown instanceof ApiStatusError && pagination.end_statuses.includes(thrown.status);
}

function nameWarning(shown: RequestShown, path: string): string {
  return `The rows of ${shown.method} ${endpointOf(shown)} at ${path} are the members of an object, and their names are left out. Set record_name_column to keep them in a column.`;
}

function absentWarnings(shown: RequestShown, absent: readonly string[]): readonly string[] {
  if (absent.length === 0) return [];
  const what = absent.map((setting) => `pagination.${setting}`).join(' or ');
  return [
    `${shown.method} ${endpointOf(shown)} has no number at ${what}, so whether all rows were read is not checked by it. Correct or remove the setting.`,
  ];
}

/** Where rows vanish before the page being read, later ones move up into pages that were read already. */
function shrinkWarnings(shown: RequestShown, position: PagePosition, total: number | undefined): readonly string[] {
  if (total === undefined || position.total === undefined || total >= position.total) return [];
  return [
    `The total of ${shown.method} ${endpointOf(shown)} went from ${position.total} to ${total} while its pages were read: rows that moved up may be missing. Use a cursor, or an order in which rows do not move.`,
  ];
}

/** Without the query, so that the same warning of several pages is one. */
function endpointOf(shown: RequestShown): string {
  return shown.url.replace(/\?.*$/s, '');
}
