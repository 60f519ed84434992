import type { AuthOf } from '../../config/source-auth.ts';
import { type Authorization, type Authorizer, type AuthorizerParts, resolved } from './authorizer.ts';
import { decodeBody } from './content-encoding.ts';
import { ApiUnreachableError, TokenRefusedError, TokenServerBusyError } from './errors.ts';
import { excerptOf, readExcerpt } from './excerpt.ts';
import { isNetworkFault } from './network-fault.ts';
import { isBusyStatus } from './retry-wait.ts';

/** How long before its end a token is replaced, so that none expires on the way. */
const marginMs = 30_000;
/** Bytes of a token response that are read; a token is a few kilobytes at most. */
const answerBytes = 256 * 1024;

interface Token {
  readonly authorization: Authorization;
  readonly expiresAt: number;
}

/**
 * Tokens by OAuth 2.0 client credentials (RFC 6749 §4.4), shared by all requests until they expire or are refused. By
 * hand, because `oauth4webapi` refuses an `expires_in` that is a text and works over `fetch`, without the redirects, time
 * limits and retries that requests have here.
 */
export class OAuthAuthorizer implements Authorizer {
  readonly #auth: AuthOf<'oauth2_client_credentials'>;
  readonly #parts: AuthorizerParts;
  #token: Promise<Token> | undefined;

  constructor(auth: AuthOf<'oauth2_client_credentials'>, parts: AuthorizerParts) {
    this.#auth = auth;
    this.#parts = parts;
  }

  readonly authorize = async (): Promise<Authorization> => {
    const asked = this.#current();
    const token = await asked;
    if (this.#parts.clock.now().getTime() < token.expiresAt) return token.authorization;
    // Of several requests that find it expired, the first gets a new one for all.
    return (await (this.#token === asked ? this.#replace() : this.#current())).authorization;
  };

  readonly renew = async (refused: Authorization): Promise<boolean> => {
    const asked = this.#current();
    const token = await asked;
    if (token.authorization === refused && this.#token === asked) await this.#replace();
    return true;
  };

  #current(): Promise<Token> {
    return this.#token ?? this.#replace();
  }

  #replace(): Promise<Token> {
    const token = this.#fetch();
    this.#token = token;
    token.catch(() => {
      if (this.#token === token) this.#token = undefined;
    });
    return token;
  }

  async #fetch(): Promise<Token> {
    const { clock, delaysSeconds, signal } = this.#parts;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#ask(attempt + 1);
      } catch (thrown) {
        const again = thrown instanceof TokenServerBusyError || thrown instanceof ApiUnreachableError;
        const delay = delaysSeconds[attempt];
        if (!again || delay === undefined) throw thrown;
        await clock.sleep(delay * 1_000, signal);
      }
    }
  }

  async #ask(attempts: number): Promise<Token> {
    const { clock, connections, redactor, resolveSecret, signal, timeoutMs } = this.#parts;
    const auth = this.#auth;
    const id = await resolved(auth.client_id, resolveSecret, redactor);
    const secret = await resolved(auth.client_secret, resolveSecret, redactor);
    const url = new URL(auth.token_url);
    const shown = { method: 'POST', url: redactor.url(url) };
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...auth.token_params });
    if (auth.scope !== undefined) form.set('scope', auth.scope);
    const headers: Record<string, string> = {};
    if (auth.client_auth === 'body') {
      form.set('client_id', id);
      form.set('client_secret', secret);
    } else {
      const pair = `${formEncoded(id)}:${formEncoded(secret)}`;
      redactor.learn(Buffer.from(pair).toString('base64'));
      headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    }
    const askedAt = clock.now().getTime();
    let text: string;
    try {
      const response = await connections.exchange(
        {
          method: 'POST',
          url,
          headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
          body: form.toString(),
          credentials: { origin: url.origin, headers, query: {} },
        },
        { timeoutMs, signal },
      );
      if (response === undefined) throw new TokenRefusedError(shown.url, 'redirects without end');
      const body = decodeBody(response.body, response.headers['content-encoding']);
      if (isBusyStatus(response.status)) {
        throw new TokenServerBusyError(shown.url, response.status, await readExcerpt(body, redactor));
      }
      if (response.status !== 200) {
        const excerpt = await readExcerpt(body, redactor);
        throw new TokenRefusedError(shown.url, `it answered ${response.status}${excerpt === '' ? '' : `: ${excerpt}`}`);
      }
      text = await readText(body ?? response.body);
    } catch (cause) {
      if (signal?.aborted === true || !isNetworkFault(cause)) throw cause;
      throw new ApiUnreachableError(shown, attempts, { cause });
    }
    const token = tokenOf(text);
    if (token === undefined) {
      throw new TokenRefusedError(shown.url, `its response has no access_token: ${excerptOf(text, redactor)}`);
    }
    redactor.learn(token.value);
    return {
      authorization: { headers: { authorization: `Bearer ${token.value}` }, query: {} },
      expiresAt: token.seconds === undefined ? Infinity : askedAt + lifetimeMs(token.seconds),
    };
  }
}

/** A token that lives shorter than the margin is used for half its life. */
function lifetimeMs(seconds: number): number {
  return Math.max(seconds * 1_000 - marginMs, (seconds * 1_000) / 2);
}

function tokenOf(text: string): { readonly value: string; readonly seconds: number | undefined } | undefined {
  let response: unknown;
  try {
    response = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof response !== 'object' || response === null) return undefined;
  const { access_token: value, expires_in: expires } = response as { access_token?: unknown; expires_in?: unknown };
  if (typeof value !== 'string' || value === '') return undefined;
  const seconds = typeof expires === 'number' || typeof expires === 'string' ? Number(expires) : Number.NaN;
  return { value, seconds: Number.isFinite(seconds) && seconds > 0 ? seconds : undefined };
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

/** RFC 6749 §2.3.1: id and secret are form-encoded before they are joined. */
function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
