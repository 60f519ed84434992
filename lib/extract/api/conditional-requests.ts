import { createHash } from 'node:crypto';
import { whyUnconditional } from '../../config/conditional-requests.ts';
import type { ApiSettings } from '../../config/pipeline.ts';
import type { PaginationSettings } from '../../config/source-pagination.ts';
import type { Validator } from '../../manifest.ts';
import type { ExtractRequest } from '../request.ts';
import type { ApiClient, ApiRequest, ApiResponse, PageClient } from './api-client.ts';
import type { FetchedPage } from './fetch-page.ts';
import { headerText } from './retry-wait.ts';

/** How a source of one response is asked whether it has changed (RFC 9110, 13). */
export interface Condition {
  /** Of the response that is in the table. */
  readonly known: Validator | undefined;
  /** Whether a time will do where there is no tag. */
  readonly byDate: boolean;
  /** What decides, besides the request, who is answered. */
  readonly identity: unknown;
}

/** The API says that the response is the one that is in the table. For the reader. */
export class NotModifiedError extends Error {
  override readonly name = 'NotModifiedError';
}

/**
 * Whether an unchanged response may be left unsent; undefined where a source is more than one response, where a response
 * is not all taken, and where its rows are to be added again each time.
 */
export function conditionOf(
  { pipeline, range, validator }: Pick<ExtractRequest, 'pipeline' | 'range' | 'validator'>,
  settings: ApiSettings,
): Condition | undefined {
  if (range !== undefined || whyUnconditional(settings) !== undefined) return undefined;
  const { conditional_requests: by = 'etag' } = settings;
  if (by === 'off') return undefined;
  return {
    known: validator,
    byDate: by === 'last_modified',
    identity: [settings.auth ?? pipeline.dataSource.auth, settings.tls ?? pipeline.dataSource.tls],
  };
}

/** Sends the first request of a source, with a condition where the same request was answered before. */
export class ConditionalClient implements PageClient {
  readonly parts: ApiClient['parts'];
  readonly #client: PageClient;
  readonly #condition: Condition;
  #sent: ApiRequest | undefined;
  #validator: Validator | undefined;

  constructor(client: PageClient, condition: Condition) {
    this.parts = client.parts;
    this.#client = client;
    this.#condition = condition;
  }

  /** @throws {NotModifiedError} and what `ApiClient.send` throws */
  async send<T>(call: ApiRequest, consume: (response: ApiResponse) => Promise<T>): Promise<T> {
    const { byDate, known } = this.#condition;
    const request = this.#digestOf(call);
    const headers = known?.request === request ? conditionHeaders(known, byDate) : undefined;
    this.#sent = call;
    const conditional = headers !== undefined;
    return await this.#client.send(
      { ...call, headers: { ...call.headers, ...headers }, conditional },
      async (response) => {
        if (response.status === 304) throw new NotModifiedError();
        const consumed = await consume(response);
        const found = response.url.href === call.url.href ? validatorIn(response, byDate) : undefined;
        this.#validator = found === undefined ? undefined : { request, ...found };
        return consumed;
      },
    );
  }

  /** What the response may be asked for with again; undefined where it was not the only one, or may not stay it. */
  validatorAfter(
    { content, next, warnings }: FetchedPage,
    pagination: PaginationSettings | undefined,
  ): Validator | undefined {
    if (next !== null || warnings.length > 0 || this.#sent === undefined) return undefined;
    return mayBeFull(content.items, pagination, this.#sent) ? undefined : this.#validator;
  }

  /** With the values of secrets, for another key may be answered with other rows. */
  #digestOf({ headers, url }: ApiRequest): string {
    const { privateHeaders, privateQuery } = this.parts;
    const deciding = [url.href, headers, privateHeaders, privateQuery, this.#condition.identity];
    return createHash('sha256').update(JSON.stringify(deciding)).digest('hex');
  }
}

function conditionHeaders({ etag, last_modified }: Validator, byDate: boolean): Record<string, string> | undefined {
  if (etag !== undefined) return { 'if-none-match': etag };
  return last_modified === undefined || !byDate ? undefined : { 'if-modified-since': last_modified };
}

/** Of RFC 9110, 8.8.3: quotes, and no quotes, blanks or control characters between them. */
const entityTag = /^(W\/)?"[\x21\x23-\x7e]{1,512}"$/;
/** A response may change again within the second that it changed in; a clock may be wrong by more. */
const settledMs = 60_000;

function validatorIn({ headers, status }: ApiResponse, byDate: boolean): Omit<Validator, 'request'> | undefined {
  if (status !== 200) return undefined;
  const etag = headerText(headers, 'etag');
  if (etag !== undefined) return entityTag.test(etag) ? { etag } : undefined;
  const last_modified = headerText(headers, 'last-modified');
  if (!byDate || last_modified === undefined) return undefined;
  const age = Date.parse(headerText(headers, 'date') ?? '') - Date.parse(last_modified);
  return age >= settledMs ? { last_modified } : undefined;
}

/**
 * Whether a response that stays as it is may one day have another page behind it: where bodies do not say how pages go
 * on, and this one may have as many items as a page can have.
 */
function mayBeFull(items: number, pagination: PaginationSettings | undefined, { url }: ApiRequest): boolean {
  if (items === 0 || pagination?.type === 'none') return false;
  if (pagination !== undefined && !endsByHeaders(pagination)) return false;
  return items % pageUnit === 0 || [...url.searchParams.values()].includes(String(items));
}

/** Sizes of pages are multiples of this, unless the request names one. */
const pageUnit = 5;

function endsByHeaders(pagination: PaginationSettings): boolean {
  if (pagination.type === 'link_header') return true;
  const settings: Readonly<Record<string, unknown>> = { ...pagination };
  return settings.cursor_header !== undefined || settings.total_header !== undefined;
}
