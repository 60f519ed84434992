import type { ApiSettings } from '../../config/pipeline.ts';
import { retrySchema } from '../../config/source-retry.ts';
import type { ExtractRequest } from '../request.ts';
import { ApiClient } from './api-client.ts';
import { resolved } from './auth/authorizer.ts';
import { makeAuthorizer } from './auth/authorizers.ts';
import { clientTls } from './client-tls.ts';
import { HttpConnections } from './http-connections.ts';
import { RateLimiter } from './rate-limiter.ts';
import { Redactor } from './redactor.ts';
import { isSharedOrigin, requestHeaders, shownUrl } from './request-headers.ts';
import { fixedText } from './template/request-template.ts';

/** Silence after which the article's extractor gives a request up. */
const defaultTimeoutSeconds = 30;
export const defaultConcurrency = 4;

/** A client for a pipeline's API: what the pipeline says wins over what `data_source` says. */
export async function openClient(request: ExtractRequest, settings: ApiSettings): Promise<ApiClient> {
  const { dataSource } = request.pipeline;
  const redactor = new Redactor();
  const read = (value: Parameters<typeof resolved>[0]) => resolved(value, request.resolveSecret, redactor);
  const { origin } = shownUrl(request, settings);
  const auth = settings.auth ?? (isSharedOrigin(request, settings) ? dataSource.auth : undefined);
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(requestHeaders(request, settings))) {
    const text = typeof value === 'string' ? fixedText(value) : await read(value);
    if (text !== undefined) headers.set(name, text);
  }
  const query = new Map<string, string>();
  for (const [name, value] of Object.entries(settings.params)) {
    if (typeof value === 'object' && !Array.isArray(value)) query.set(name, await read(value));
  }
  const timeoutMs = (settings.timeout_seconds ?? dataSource.timeout_seconds ?? defaultTimeoutSeconds) * 1_000;
  const connections = new HttpConnections({
    proxyMs: timeoutMs,
    concurrency: settings.concurrency ?? dataSource.concurrency ?? defaultConcurrency,
    allowPrivate: settings.allow_private_addresses ?? dataSource.allow_private_addresses ?? false,
    tls: await clientTls(settings.tls ?? (isSharedOrigin(request, settings) ? dataSource.tls : undefined), read),
  });
  const retry = settings.retry ?? dataSource.retry ?? retrySchema.parse({});
  const { clock, refreshTokens, resolveSecret } = request;
  const stop = new AbortController();
  const signal = request.signal === undefined ? stop.signal : AbortSignal.any([request.signal, stop.signal]);
  const delaysSeconds = retry.delays_seconds;
  const parts = { resolveSecret, refreshTokens, redactor, connections, clock, delaysSeconds, timeoutMs, signal };
  const authorizer = await makeAuthorizer(auth, parts);
  return new ApiClient({
    connections,
    limiter: new RateLimiter(clock, origin, [settings.rate_limit ?? dataSource.rate_limit ?? []].flat()),
    authorizer,
    redactor,
    retry,
    timeoutMs,
    origin,
    privateHeaders: Object.fromEntries(headers),
    privateQuery: Object.fromEntries(query),
    clock,
    random: request.random,
    deadline: request.deadline,
    signal,
    stop,
  });
}
