import type { SecretReference } from '../../../config/secret.ts';
import type { AuthOf, AuthSettings, AuthType } from '../../../config/source-auth.ts';
import { type Authorization, type Authorizer, type AuthorizerParts, resolved } from './authorizer.ts';
import { hmacAuthorizer } from './hmac.ts';
import { loginAuthorizer } from './login.ts';
import { oauthAuthorizer } from './oauth.ts';
import { grants } from './oauth-grants.ts';
import { refreshTokenAuthorizer } from './refresh-token.ts';

type Read = (value: string | SecretReference) => Promise<string>;
type Make<S> = (auth: S, parts: AuthorizerParts) => Promise<Authorizer>;

/** An authorizer of credentials that stay the same through a run. */
function fixed<S>(
  authorization: (auth: S, read: Read, parts: AuthorizerParts) => Promise<Partial<Authorization>>,
): Make<S> {
  return async (auth, parts) => {
    const read: Read = (value) => resolved(value, parts.resolveSecret, parts.redactor);
    const sent: Authorization = { headers: {}, query: {}, ...(await authorization(auth, read, parts)) };
    return { authorize: async () => sent, renew: async () => false };
  };
}

/** One entry for each type of `auth`. */
const authorizers = {
  bearer: fixed(async ({ token }, read) => ({ headers: { authorization: `Bearer ${await read(token)}` } })),
  api_key: fixed(async ({ in: place, key, name, prefix }, read) => {
    const value = `${prefix}${await read(key)}`;
    return place === 'query' ? { query: { [name]: value } } : { headers: { [name.toLowerCase()]: value } };
  }),
  basic: fixed(async ({ password, username }, read, { redactor }) => {
    const pair = Buffer.from(`${await read(username)}:${await read(password)}`).toString('base64');
    redactor.learn(pair);
    return { headers: { authorization: `Basic ${pair}` } };
  }),
  oauth2_client_credentials: oauthAuthorizer(grants.clientCredentials),
  oauth2_password: oauthAuthorizer(grants.password),
  oauth2_jwt_bearer: oauthAuthorizer(grants.jwtBearer),
  oauth2_custom_grant: oauthAuthorizer(grants.custom),
  oauth2_refresh_token: async (auth, parts) => refreshTokenAuthorizer(auth, parts),
  login: async (auth, parts) => loginAuthorizer(auth, parts),
  hmac: hmacAuthorizer,
} satisfies { readonly [T in AuthType]: Make<AuthOf<T>> };

/** What proves to the API who is asking; nothing where the configuration has no `auth`. */
export async function makeAuthorizer(auth: AuthSettings | undefined, parts: AuthorizerParts): Promise<Authorizer> {
  if (auth === undefined) return { authorize: async () => ({ headers: {}, query: {} }), renew: async () => false };
  return await authorizerOf(auth, parts);
}

async function authorizerOf<T extends AuthType>(auth: AuthOf<T>, parts: AuthorizerParts): Promise<Authorizer> {
  const all: { readonly [K in AuthType]: Make<AuthOf<K>> } = authorizers;
  return await all[auth.type as T](auth, parts);
}
