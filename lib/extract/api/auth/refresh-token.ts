import type { RefreshTokenState } from '../../../config/refresh-tokens.ts';
import type { AuthOf } from '../../../config/source-auth.ts';
import { type AuthorizerParts, resolved } from './authorizer.ts';
import { askOAuth, tokenOf } from './oauth.ts';
import { TokenAuthorizer } from './token-authorizer.ts';

/**
 * Access tokens by a refresh token. Each use may give a new refresh token and end the old one, so the newest is kept at
 * once, and only one run at a time uses it.
 */
export async function refreshTokenAuthorizer(
  auth: AuthOf<'oauth2_refresh_token'>,
  parts: AuthorizerParts,
): Promise<TokenAuthorizer> {
  const { clock, redactor, refreshTokens, resolveSecret } = parts;
  let own: RefreshTokenState | undefined;
  let last: string | undefined;
  return new TokenAuthorizer(clock, async (refused) => {
    // Another run may have got a good one meanwhile.
    const isGood = ({ access }: RefreshTokenState): boolean =>
      access !== undefined && clock.now().getTime() < access.expiresAt && !(refused && access.token === last);
    const use = async (newest: RefreshTokenState): Promise<RefreshTokenState> => {
      redactor.learn(newest.refreshToken);
      const grant = async () => ({ grant_type: 'refresh_token', refresh_token: newest.refreshToken });
      const { accessToken, expiresAt, refreshToken } = await askOAuth(auth, grant, parts);
      return { refreshToken: refreshToken ?? newest.refreshToken, access: { token: accessToken, expiresAt } };
    };
    if (refreshTokens === undefined) {
      own = await use(own ?? { refreshToken: await resolved(auth.refresh_token, resolveSecret, redactor) });
    } else own = await refreshTokens.exclusively(auth.refresh_token, isGood, use);
    if (own.access === undefined) throw new TypeError('A refresh gave no access token.');
    const { expiresAt, token } = own.access;
    redactor.learn(own.refreshToken);
    redactor.learn(token);
    last = token;
    return tokenOf(auth, token, expiresAt);
  });
}
