import type { IncomingHttpHeaders } from 'node:http';
import { decodeBody } from '../content-encoding.ts';
import { ApiUnreachableError, TokenRefusedError, TokenServerBusyError } from '../errors.ts';
import { readExcerpt } from '../excerpt.ts';
import { isNetworkFault } from '../network-fault.ts';
import { isBusyStatus } from '../retry-wait.ts';
import type { AuthorizerParts } from './authorizer.ts';

/** Bytes of a token response that are read; a token is a few kilobytes at most. */
const answerBytes = 256 * 1024;

export interface TokenRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  /** Go to the origin of `url` only. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface TokenAnswer {
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * Asks for a token, or logs in, as often as requests of the source are tried.
 *
 * @param make  the request of an attempt
 * @throws {TokenServerBusyError} {ApiUnreachableError} transient
 * @throws {TokenRefusedError} terminal
 */
export async function askForToken(make: () => Promise<TokenRequest>, parts: AuthorizerParts): Promise<TokenAnswer> {
  const { clock, delaysSeconds, signal } = parts;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ask(await make(), attempt + 1, parts);
    } catch (thrown) {
      const again = thrown instanceof TokenServerBusyError || thrown instanceof ApiUnreachableError;
      const delay = delaysSeconds[attempt];
      if (!again || delay === undefined) throw thrown;
      await clock.sleep(delay * 1_000, signal);
    }
  }
}

async function ask(request: TokenRequest, attempts: number, parts: AuthorizerParts): Promise<TokenAnswer> {
  const { connections, redactor, signal, timeoutMs } = parts;
  const { body: payload, headers, method, url } = request;
  const shown = { method, url: redactor.url(url) };
  try {
    const response = await connections.exchange(
      {
        method,
        url,
        headers: { accept: 'application/json' },
        body: payload,
        credentials: { origin: url.origin, headers, query: {} },
      },
      { timeoutMs, signal },
    );
    if (response === undefined) throw new TokenRefusedError(shown.url, 'redirects without end');
    const body = decodeBody(response.body, response.headers['content-encoding']);
    if (isBusyStatus(response.status)) {
      throw new TokenServerBusyError(shown.url, response.status, await readExcerpt(body, redactor));
    }
    if (response.status < 200 || response.status > 299) {
      const excerpt = await readExcerpt(body, redactor);
      const what = `it answered ${response.status}${excerpt === '' ? '' : `: ${excerpt}`}`;
      throw new TokenRefusedError(shown.url, what, response.status);
    }
    return { text: await readText(body ?? response.body), headers: response.headers };
  } catch (cause) {
    if (signal?.aborted === true || !isNetworkFault(cause)) throw cause;
    throw new ApiUnreachableError(shown, attempts, { cause });
  }
}

async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > answerBytes) break;
  }
  return Buffer.concat(pieces).toString();
}
