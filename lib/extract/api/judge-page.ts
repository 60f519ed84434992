import { type ApiResponse, AskedLaterError } from './api-client.ts';
import { excerptOf } from './excerpt.ts';
import { ApiErrorResponseError } from './page-errors.ts';
import type { PageContent } from './page-reader.ts';
import type { Redactor } from './redactor.ts';
import { isCut, type ResponseRules, ruledError, saysLater } from './response-verdict.ts';

/** A page is not the one that was asked for. For the reader, who tries another way. */
export class PageRefutedError extends Error {
  override readonly name = 'PageRefutedError';
}

/** What was asked for has more items than are to be asked for at once. For the reader, who asks for less. */
export class SplitNeededError extends Error {
  override readonly name = 'SplitNeededError';
  /** How many there are; undefined where the API does not say it. */
  readonly total: number | undefined;

  constructor(total: number | undefined) {
    super();
    this.total = total;
  }
}

/** What a page is judged by. */
interface PageRules {
  readonly rules: ResponseRules;
  /** Whether a page is one that was asked for, and not the first one again; of a way that is tried. */
  readonly accepts?: ((content: PageContent) => boolean) | undefined;
  /** A first page that says by its total that there are more items than this is not read. */
  readonly splitOver: number | undefined;
}

/**
 * Refuses a page that is none, whatever its status.
 *
 * @throws {AskedLaterError} where the configuration says that it is to be asked for again
 * @throws {PageRefutedError} where it is not the page that was asked for
 * @throws {ApiErrorResponseError} where the configuration says that it is an error
 */
export function judgePage(
  { accepts, rules }: PageRules,
  content: PageContent,
  response: ApiResponse,
  redactor: Redactor,
): void {
  const judged = { captures: content.captures, headers: response.headers, status: response.status };
  const later = saysLater(rules, judged);
  if (later !== undefined) throw new AskedLaterError(excerptOf(later, redactor));
  if (accepts?.(content) === false) throw new PageRefutedError();
  const ruled = ruledError(rules, judged);
  if (ruled === undefined) return;
  const excerpt = ruled.json === undefined ? '' : excerptOf(ruled.json, redactor);
  throw new ApiErrorResponseError(response.shown, response.status, ruled.by, excerpt);
}

/**
 * Refuses the first page of a slice that has more items than the API gives.
 *
 * @throws {SplitNeededError} so that less is asked for
 * @throws {ApiErrorResponseError} where a later page says so: those before it have been kept
 */
export function demandWhole(
  { rules, splitOver }: PageRules,
  page: number,
  total: number | undefined,
  { captures }: PageContent,
  { headers, shown, status }: ApiResponse,
): void {
  if (splitOver !== undefined && page === 1 && (total ?? 0) > splitOver) throw new SplitNeededError(total);
  if (!isCut(rules, { captures, headers, status })) return;
  if (page > 1) throw new ApiErrorResponseError(shown, status, 'split_when.condition', '');
  throw new SplitNeededError(undefined);
}
