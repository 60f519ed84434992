import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Clock } from '../../clock.ts';
import type { RetrySettings } from '../../config/source-retry.ts';
import { DeadlineReachedError } from '../deadline-reached-error.ts';
import type { Authorizer } from './auth/authorizer.ts';
import { acceptEncoding, decodeBody } from './content-encoding.ts';
import {
  ApiBusyError,
  ApiCertificateError,
  ApiStatusError,
  ApiUnreachableError,
  ContentEncodingError,
  RedirectLoopError,
  type RequestShown,
  WaitTooLongError,
} from './errors.ts';
import { excerptOf, readStart } from './excerpt.ts';
import { type HttpConnections, type HttpRequest, type HttpResponse, withQuery } from './http-connections.ts';
import { isCertificateFault, isNetworkFault } from './network-fault.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Redactor } from './redactor.ts';
import { askedWaitMs, bodyWaitMs, isBusyStatus, longest, mayBeBusy, nextWaitMs, usedUpWaitMs } from './retry-wait.ts';

/** A request without what proves who sends it. */
export type ApiRequest = Pick<HttpRequest, 'method' | 'url' | 'body'> & {
  readonly headers: Readonly<Record<string, string>>;
  /** Of the body; JSON where it is left out. */
  readonly contentType?: string | undefined;
  /** It has a condition, so that status 304 is an answer to it. */
  readonly conditional?: boolean | undefined;
};

/** What sends the requests of pages. */
export type PageClient = Pick<ApiClient, 'send' | 'parts'>;

/** A good response whose body has not been read yet. */
export interface ApiResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly url: URL;
  /** Unpacked. */
  readonly body: Readable;
  readonly shown: RequestShown;
}

export interface ApiClientParts {
  readonly connections: HttpConnections;
  readonly limiter: RateLimiter;
  readonly authorizer: Authorizer;
  readonly redactor: Redactor;
  readonly retry: RetrySettings;
  readonly timeoutMs: number;
  /** The origin that credentials and private headers belong to. */
  readonly origin: string;
  readonly privateHeaders: Readonly<Record<string, string>>;
  readonly privateQuery: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly deadline: Date | undefined;
  readonly signal: AbortSignal;
  /** Aborts `signal`. */
  readonly stop: AbortController;
}

/** A response with a good status says in its body that it is to be asked for later. For `send`, which does so. */
export class AskedLaterError extends Error {
  override readonly name = 'AskedLaterError';
  /** What it says, safe to print. */
  readonly excerpt: string;

  constructor(excerpt: string) {
    super();
    this.excerpt = excerpt;
  }
}

/** Sends requests to an API and repeats those that failed, as often and as long as the settings allow. */
export class ApiClient {
  readonly parts: ApiClientParts;
  requests = 0;

  constructor(parts: ApiClientParts) {
    this.parts = parts;
  }

  /**
   * Sends a request and has its response consumed, again from the start after a busy status or a network fault, also one in
   * the middle of the body, or where `consume` throws an AskedLaterError. `consume` has to forget what an earlier attempt gave it.
   *
   * @throws {ApiBusyError} {ApiUnreachableError} {WaitTooLongError} transient: all attempts failed
   * @throws {ApiStatusError} {ContentEncodingError} {RedirectLoopError} {ApiCertificateError} terminal
   * @throws {DeadlineReachedError} when the next attempt would begin after the deadline
   */
  async send<T>(call: ApiRequest, consume: (response: ApiResponse) => Promise<T>): Promise<T> {
    const { clock, random, redactor, retry, signal } = this.parts;
    const shown: RequestShown = { method: call.method, url: redactor.url(call.url) };
    let renewed = false;
    for (let attempt = 0; ; ) {
      signal.throwIfAborted();
      let failure: Error;
      let asked: number | undefined;
      let status = 0;
      const { body, method } = call;
      const url = withQuery(call.url, this.parts.privateQuery);
      const authorization = await this.parts.authorizer.authorize({ method, url, body });
      try {
        const response = await this.#send(call, authorization);
        if (response === undefined) throw new RedirectLoopError(shown, 20);
        ({ status } = response);
        const where: RequestShown = { method: call.method, url: redactor.url(response.url) };
        if (isAnswer(call, response)) {
          const used = usedUpWaitMs(response.headers, retry.reset_headers, clock.now());
          if (used > 0) this.parts.limiter.hold(this.#allowed(used, where, response.status));
          return await this.#consume(response, where, consume);
        }
        const start = await readStart(decodeBody(response.body, response.headers['content-encoding']));
        const excerpt = excerptOf(new TextDecoder().decode(start), redactor);
        response.body.destroy();
        const { refusals = [401] } = this.parts.authorizer;
        if (refusals.includes(response.status) && !renewed && (await this.parts.authorizer.renew(authorization))) {
          renewed = true;
          continue;
        }
        asked = longest(
          askedWaitMs(response.headers, retry.reset_headers, clock.now()),
          bodyWaitMs(start, retry.reset_paths, clock.now()),
        );
        const isBusy = isBusyStatus(response.status) || retry.statuses.includes(response.status);
        if (!isBusy && !(mayBeBusy(response.status) && asked !== undefined)) {
          throw new ApiStatusError(where, response.status, excerpt, remedyFor(response));
        }
        if (asked !== undefined) this.#allowed(asked, where, response.status);
        failure = new ApiBusyError(where, response.status, attempt + 1, excerpt);
      } catch (cause) {
        if (cause instanceof AskedLaterError) {
          failure = new ApiBusyError(shown, status, attempt + 1, cause.excerpt);
        } else {
          if (signal.aborted || !isNetworkFault(cause)) throw cause;
          if (isCertificateFault(cause)) throw new ApiCertificateError(shown, { cause });
          failure = new ApiUnreachableError(shown, attempt + 1, { cause });
        }
      }
      if (attempt >= retry.delays_seconds.length) throw failure;
      await this.#wait(nextWaitMs(attempt, retry.delays_seconds, asked, random));
      attempt += 1;
    }
  }

  /**
   * Waits.
   *
   * @throws {DeadlineReachedError} when the deadline is before the end of the wait
   */
  async pause(ms: number): Promise<void> {
    const { clock, deadline, signal } = this.parts;
    if (deadline !== undefined && clock.now().getTime() + ms >= deadline.getTime()) throw new DeadlineReachedError();
    await clock.sleep(ms, signal);
  }

  /** Gives up what is under way; nothing can be asked any more. */
  stop(): void {
    this.parts.stop.abort();
  }

  close(): void {
    this.stop();
    this.parts.connections.close();
  }

  async #send(call: ApiRequest, authorization: { headers: object; query: object }): Promise<HttpResponse | undefined> {
    const { clock, connections, deadline, limiter, origin, privateHeaders, privateQuery, signal } = this.parts;
    if (deadline !== undefined && Math.max(clock.now().getTime(), limiter.opensAt) >= deadline.getTime()) {
      throw new DeadlineReachedError();
    }
    const hasLeft = await limiter.pass(signal);
    this.requests += 1;
    const exchanged = connections.exchange(
      {
        method: call.method,
        url: call.url,
        body: call.body,
        headers: {
          accept: 'application/json, */*;q=0.1',
          'accept-encoding': acceptEncoding,
          'user-agent': 'dsql-etl',
          ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
        },
        credentials: {
          origin,
          headers: { ...privateHeaders, ...call.headers, ...authorization.headers },
          query: { ...privateQuery, ...authorization.query },
        },
      },
      { timeoutMs: this.parts.timeoutMs, signal, onSent: hasLeft },
    );
    return await exchanged.finally(hasLeft);
  }

  async #consume<T>(
    response: HttpResponse,
    shown: RequestShown,
    consume: (response: ApiResponse) => Promise<T>,
  ): Promise<T> {
    const encoding = response.headers['content-encoding'];
    const body = decodeBody(response.body, encoding);
    try {
      if (body === undefined) throw new ContentEncodingError(shown, String(encoding));
      return await consume({ status: response.status, headers: response.headers, url: response.url, body, shown });
    } finally {
      body?.destroy();
      if (!response.body.readableEnded) response.body.destroy();
    }
  }

  async #wait(ms: number): Promise<void> {
    const { clock, deadline, limiter, signal } = this.parts;
    if (deadline !== undefined && clock.now().getTime() + ms >= deadline.getTime()) {
      limiter.hold(ms);
      throw new DeadlineReachedError();
    }
    await clock.sleep(ms, signal);
  }

  #allowed(waitMs: number, shown: RequestShown, status: number): number {
    const most = this.parts.retry.max_wait_seconds;
    if (waitMs > most * 1_000) throw new WaitTooLongError(shown, status, Math.ceil(waitMs / 1_000), most);
    return waitMs;
  }
}

function isAnswer({ conditional }: ApiRequest, { status }: HttpResponse): boolean {
  return (status >= 200 && status <= 299) || (status === 304 && conditional === true);
}

function remedyFor(response: HttpResponse): string {
  if (response.leftOrigin) {
    return `It was redirected to ${response.url.origin}, where credentials are not sent; if that is the API, set base_url to it.`;
  }
  switch (response.status) {
    case 401:
      return 'Check auth: the credentials are missing, wrong or expired.';
    case 403:
      return 'Check auth: the credentials do not allow this endpoint.';
    case 404:
      return 'Check data_source.base_url and endpoint.';
    case 405:
      return 'Check method: the endpoint does not take it.';
    default:
      return 'Check endpoint, params and auth against the documentation of the API.';
  }
}
