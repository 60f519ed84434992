import type { AuthOf } from '../../../config/source-auth.ts';
import { TokenRefusedError } from '../errors.ts';
import { excerptOf } from '../excerpt.ts';
import { parsed } from '../json-value.ts';
import { type AuthorizerParts, resolved, resolvedMembers } from './authorizer.ts';
import type { Grant, OAuthType } from './oauth-grants.ts';
import { expiryOf, type Token, TokenAuthorizer } from './token-authorizer.ts';
import { askForToken, type TokenRequest } from './token-request.ts';

/** What a token server answered. */
export interface OAuthAnswer {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** Milliseconds since 1970; Infinity where it does not say so. */
  readonly expiresAt: number;
}

/** Access tokens of an OAuth 2.0 grant that can be asked for again and again. */
export function oauthAuthorizer<S extends AuthOf<OAuthType>>(grant: Grant<S>) {
  return async (auth: S, parts: AuthorizerParts): Promise<TokenAuthorizer> =>
    new TokenAuthorizer(parts.clock, async () => {
      const answer = await askOAuth(auth, () => grant(auth, parts), parts);
      return tokenOf(auth, answer.accessToken, answer.expiresAt);
    });
}

export function tokenOf(auth: AuthOf<OAuthType>, accessToken: string, expiresAt: number): Token {
  return {
    authorization: { headers: { authorization: `${auth.token_prefix}${accessToken}` }, query: {} },
    expiresAt,
  };
}

/**
 * Sends a token request (RFC 6749). By hand over the connections of the source, because `oauth4webapi` refuses an
 * `expires_in` that is a text and works over `fetch`, without the redirects, addresses, time limits and retries that
 * requests have here.
 *
 * @param grant  the fields of the grant, made anew for each attempt: an assertion is good once
 * @throws what `askForToken` throws
 */
export async function askOAuth(
  auth: AuthOf<OAuthType>,
  grant: () => Promise<Readonly<Record<string, string>>>,
  parts: AuthorizerParts,
): Promise<OAuthAnswer> {
  const { clock, redactor } = parts;
  let askedAt = clock.now().getTime();
  const { text } = await askForToken(async () => {
    askedAt = clock.now().getTime();
    return await tokenRequest(auth, await grant(), parts);
  }, parts);
  const answer = readAnswer(text);
  if (answer === undefined) {
    const shown = redactor.url(new URL(auth.token_url));
    throw new TokenRefusedError(shown, `its response has no access_token: ${excerptOf(text, redactor)}`);
  }
  redactor.learn(answer.accessToken);
  if (answer.refreshToken !== undefined) redactor.learn(answer.refreshToken);
  return { ...answer, expiresAt: expiryOf(askedAt, answer.seconds) };
}

async function tokenRequest(
  auth: AuthOf<OAuthType>,
  grant: Readonly<Record<string, string>>,
  parts: AuthorizerParts,
): Promise<TokenRequest> {
  const { redactor, resolveSecret } = parts;
  const form = new URLSearchParams(grant);
  for (const [name, value] of await resolvedMembers(auth.token_params, parts)) form.set(name, value);
  if (auth.scope !== undefined) form.set('scope', auth.scope);
  const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' };
  if ('client_id' in auth && auth.client_id !== undefined) {
    const id = await resolved(auth.client_id, resolveSecret, redactor);
    const secret =
      auth.client_secret === undefined ? undefined : await resolved(auth.client_secret, resolveSecret, redactor);
    if (secret === undefined || auth.client_auth === 'body') {
      form.set('client_id', id);
      if (secret !== undefined) form.set('client_secret', secret);
    } else {
      const pair = Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString('base64');
      redactor.learn(pair);
      headers.authorization = `Basic ${pair}`;
    }
  }
  return { method: 'POST', url: new URL(auth.token_url), headers, body: form.toString() };
}

type Read = Pick<OAuthAnswer, 'accessToken' | 'refreshToken'> & { readonly seconds: number | undefined };

function readAnswer(text: string): Read | undefined {
  const answer = parsed(text);
  if (typeof answer !== 'object' || answer === null) return undefined;
  const of = (name: string): unknown => (Object.hasOwn(answer, name) ? Reflect.get(answer, name) : undefined);
  const [accessToken, refreshToken, expires] = [of('access_token'), of('refresh_token'), of('expires_in')];
  if (typeof accessToken !== 'string' || accessToken === '') return undefined;
  const seconds = typeof expires === 'number' || typeof expires === 'string' ? Number(expires) : Number.NaN;
  return {
    accessToken,
    refreshToken: typeof refreshToken === 'string' && refreshToken !== '' ? refreshToken : undefined,
    seconds: Number.isFinite(seconds) && seconds > 0 ? seconds : undefined,
  };
}

/** RFC 6749 §2.3.1: id and secret are form-encoded before they are joined. */
function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
