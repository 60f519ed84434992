import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { rootCertificates } from 'node:tls';
import { readEnvironment } from '../../config/environment.ts';
import { Agents, type ProxyFor } from '../../proxy-agents.ts';
import { AddressGuard } from './address-guard.ts';
import { HeaderRefusedError } from './errors.ts';
import { RequestTimeoutError } from './request-timeout-error.ts';

/** What is sent to an origin that the credentials belong to, and to no other. */
export interface Credentials {
  /** e.g. `https://api.example.com`. */
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Without credentials. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly credentials: Credentials;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Where the response came from, after redirects; without credentials. */
  readonly url: URL;
  /** The body's bytes, still encoded. */
  readonly body: IncomingMessage;
  /** Where credentials were left behind on the way, as a redirect led to another origin. */
  readonly leftOrigin: boolean;
}

export interface ExchangeOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Called when the last byte of a request has been handed to its connection. */
  readonly onSent?: (() => void) | undefined;
}

/** As many as browsers follow. */
const maxRedirects = 20;
const redirects = new Set([301, 302, 303, 307, 308]);

export interface ConnectionSettings {
  /** Connections at once to one host. */
  readonly concurrency: number;
  /** Whether requests may go to addresses that are not public. */
  readonly allowPrivate: boolean;
  /** Looks names up; the system's, except in tests. */
  readonly resolve?: LookupFunction | undefined;
  /** Shown to the origins that the configuration names, and to no other. */
  readonly tls?: ClientTls | undefined;
  /** The environment's, except in tests. */
  readonly proxyFor?: ProxyFor | undefined;
  /** How long a proxy may take to connect; 30 s when left out. */
  readonly proxyMs?: number | undefined;
}

/** A client certificate, and a CA that is trusted besides the usual ones; PEM. */
export interface ClientTls {
  readonly ca?: readonly string[] | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly passphrase?: string | undefined;
}

/** Where requests of one origin may go, and the connections that were opened under that rule. */
interface OriginConnections {
  readonly guard: AddressGuard;
  readonly agents: Agents;
}

/**
 * Connections of one source, kept open between its pages. By hand over `node:http`, because `fetch` keeps headers
 * such as `X-Api-Key` when a redirect leads to another origin, and `undici` 8 needs Node 22.
 */
export class HttpConnections {
  readonly #settings: ConnectionSettings;
  readonly #proxyFor: ProxyFor | undefined;
  readonly #tls: https.AgentOptions;
  /** By the origin that credentials belong to, so that no request uses a connection that another rule allowed. */
  readonly #byOrigin = new Map<string, OriginConnections>();

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    this.#tls = settings.tls === undefined ? {} : tlsOf(settings.tls);
    this.#proxyFor = 'proxyFor' in settings ? settings.proxyFor : readEnvironment().proxyFor;
  }

  /**
   * Sends a request and follows redirects. Credentials go to their own origin only.
   *
   * @returns  undefined when the redirects did not end
   * @throws   the socket's error, or {@link RequestTimeoutError} after `timeoutMs` of silence
   * @throws {AddressRefusedError} {SchemeRefusedError} {HeaderRefusedError} terminal: the request was not sent
   */
  async exchange(request: HttpRequest, options: ExchangeOptions): Promise<HttpResponse | undefined> {
    let { method, url, body } = request;
    const via = this.#connectionsOf(request.credentials.origin);
    let from: URL | undefined;
    let leftOrigin = false;
    for (let redirect = 0; redirect <= maxRedirects; redirect += 1) {
      const home = url.origin === request.credentials.origin;
      if (!home) leftOrigin = true;
      const sent = home ? withQuery(url, request.credentials.query) : url;
      const headers = home ? { ...request.headers, ...request.credentials.headers } : request.headers;
      via.guard.check(url, from);
      if (via.agents.proxyOf(url) !== undefined) await via.guard.checkName(url);
      const message = await this.#send(via, { method, url: sent, headers, body, home }, options);
      const status = message.statusCode ?? 0;
      const location = message.headers.location;
      if (!redirects.has(status) || location === undefined || !URL.canParse(location, url.href)) {
        return { status, headers: message.headers, url, body: message, leftOrigin };
      }
      message.destroy();
      if (status === 303 || (method === 'POST' && (status === 301 || status === 302))) {
        method = 'GET';
        body = undefined;
      }
      const to = new URL(location, url);
      // A body may name the customer or carry what the query must not; it stays with the origin it was written for.
      if (to.origin !== request.credentials.origin) body = undefined;
      from = url;
      url = to;
    }
    return undefined;
  }

  close(): void {
    for (const via of this.#byOrigin.values()) via.agents.destroy();
  }

  #connectionsOf(origin: string): OriginConnections {
    const known = this.#byOrigin.get(origin);
    if (known !== undefined) return known;
    const { allowPrivate, concurrency, proxyMs, resolve } = this.#settings;
    const via: OriginConnections = {
      guard: new AddressGuard(origin, allowPrivate, resolve),
      agents: new Agents(this.#proxyFor, { keepAlive: true, maxSockets: concurrency, proxyMs }),
    };
    this.#byOrigin.set(origin, via);
    return via;
  }

  #send(
    via: OriginConnections,
    sent: Pick<HttpRequest, 'url' | 'headers' | 'body'> & { readonly method: string; readonly home: boolean },
    options: ExchangeOptions,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { body, headers, home, method, url } = sent;
      const secure = url.protocol === 'https:';
      const payload = body === undefined ? undefined : Buffer.from(body);
      checkHeaders(headers);
      const open = secure ? https.request : http.request;
      const request = open(url, {
        method,
        agent: via.agents.agentFor(url),
        lookup: via.guard.lookupFor(url),
        headers: payload === undefined ? headers : { ...headers, 'content-length': String(payload.length) },
        signal: options.signal,
        // Connections with other certificates are kept apart by the agents, and no proxy is shown them.
        ...(home && secure ? this.#tls : {}),
      });
      request.setTimeout(options.timeoutMs, () => request.destroy(new RequestTimeoutError(options.timeoutMs)));
      // A request that waits for its proxy has no socket yet that would tell of its end.
      const onAbort = (): void => reject(options.signal?.reason);
      const opened = (): void => options.signal?.removeEventListener('abort', onAbort);
      options.signal?.addEventListener('abort', onAbort, { once: true });
      request.once('socket', opened);
      request.once('close', opened);
      if (options.onSent !== undefined) request.once('finish', options.onSent);
      request.once('response', resolve);
      request.once('error', reject);
      request.end(payload);
    });
  }
}

/** Node's own message would be an unexpected error. */
function checkHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    try {
      http.validateHeaderValue(name, value);
    } catch {
      throw new HeaderRefusedError(name);
    }
  }
}

/** A URL with further parameters, of which those that it has already are replaced. */
export function withQuery(url: URL, query: Readonly<Record<string, string>>): URL {
  if (Object.keys(query).length === 0) return url;
  const full = new URL(url);
  for (const [name, value] of Object.entries(query)) full.searchParams.set(name, value);
  return full;
}

/** Own CAs are trusted besides the usual ones, for tokens may be issued at a public host. */
function tlsOf({ ca, cert, key, passphrase }: ClientTls): https.AgentOptions {
  return { cert, key, passphrase, ...(ca === undefined ? {} : { ca: [...rootCertificates, ...ca] }) };
}
