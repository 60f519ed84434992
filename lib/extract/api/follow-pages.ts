import { parseJsonPath } from '../../config/json-path.ts';
import type { PaginationSettings } from '../../config/source-pagination.ts';
import type { PageClient } from './api-client.ts';
import { ApiStatusError } from './errors.ts';
import { type FetchedPage, fetchKnownPage, type PagePlan, sayUnread } from './fetch-page.ts';
import { countOf } from './json-value.ts';
import { PageRefutedError } from './judge-page.ts';
import { ApiErrorResponseError, NotJsonError, RepeatedPageError, RowsNotFoundError } from './page-errors.ts';
import type { PagePosition } from './page-position.ts';
import { emptyPage, type PageContent } from './page-reader.ts';
import type { RowSink } from './page-records.ts';
import { pagerPaths } from './pagers.ts';
import type { RecognisedPages } from './recognised-pages.ts';

/**
 * Asks for one page as `fetchKnownPage` does. Where nothing is said of pages and the first one says that there are more, the ways
 * that it and the request give names for are tried: one holds where its second page is another page.
 *
 * @throws  what `fetchKnownPage` throws; {PagesUnreadError} when no way holds and that fails the run
 */
export async function fetchPage(
  client: PageClient,
  plan: PagePlan,
  position: PagePosition,
  sink: RowSink,
  enough: () => boolean,
): Promise<FetchedPage> {
  const { recognised } = position;
  const candidate = recognised?.candidates[0];
  if (plan.pagination !== undefined || recognised === undefined || candidate === undefined) {
    return await fetchKnownPage(client, plan, position, sink, enough);
  }
  const { pagination } = candidate;
  const settings = withoutTotals(pagination);
  const paths = candidate.echo === undefined ? {} : { [echoName]: parseJsonPath(candidate.echo.path) };
  const known: PagePlan = {
    ...plan,
    pagination: settings,
    captures: { ...plan.captures, ...pagerPaths(settings), ...paths },
    endsBySigns: pagination.type !== 'cursor',
  };
  if (recognised.confirmed) return await fetchKnownPage(client, known, position, sink, enough);
  const accepts = (content: PageContent): boolean => isAnother(content, recognised);
  try {
    const step = await fetchKnownPage(client, { ...known, accepts }, position, sink, enough);
    const confirmed = { ...recognised, candidates: [candidate], confirmed: true, seen: [] };
    const next = step.next === null ? null : { ...step.next, recognised: confirmed };
    return { ...step, next, recognised: pagination };
  } catch (thrown) {
    if (!isRefutation(thrown)) throw thrown;
    await sink.restart();
    const [, ...others] = recognised.candidates;
    const [other] = others;
    const step = { content: emptyPage, digests: [] };
    if (other === undefined) return { ...step, next: null, warnings: sayUnread(plan, recognised.unread, true) };
    const next = { ...position, cursor: other.cursor, recognised: { ...recognised, candidates: others } };
    return { ...step, next, warnings: [] };
  }
}

const echoName = 'recognised position';

/** Whether a second page is none that was read: no row of it was there, and it says that it is the second. */
function isAnother({ captures, items, seen }: PageContent, recognised: RecognisedPages): boolean {
  const echo = recognised.candidates[0]?.echo;
  const said = echo === undefined ? undefined : countOf(captures.get(echoName));
  if (echo !== undefined && said !== undefined && said !== echo.expected) return false;
  return items === 0 || !seen.some((row) => recognised.seen.includes(row));
}

/** What an API answers to a parameter that it does not know, or a value that it does not take. */
function isRefutation(thrown: unknown): boolean {
  return (
    thrown instanceof PageRefutedError ||
    thrown instanceof ApiStatusError ||
    thrown instanceof ApiErrorResponseError ||
    thrown instanceof NotJsonError ||
    thrown instanceof RowsNotFoundError ||
    thrown instanceof RepeatedPageError
  );
}

/** Totals tell where pages end; that they are not reached is a sign like others, as nobody has said what they count. */
function withoutTotals(pagination: PaginationSettings): PaginationSettings {
  if (!('total_path' in pagination || 'total_header' in pagination)) return pagination;
  return { ...pagination, total_path: undefined, total_header: undefined };
}
