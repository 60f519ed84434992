import { createPrivateKey, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { SecretReference } from '../../../config/secret.ts';
import type { AuthOf, AuthType } from '../../../config/source-auth.ts';
import { PrivateKeyError } from '../errors.ts';
import { type AuthorizerParts, resolved, resolvedMembers } from './authorizer.ts';

export type OAuthType = Extract<AuthType, `oauth2_${string}`>;

/** The fields of a token request that are the grant's own. */
export type Grant<S> = (auth: S, parts: AuthorizerParts) => Promise<Readonly<Record<string, string>>>;

/** One function for each grant whose token needs nothing but a request. */
export const grants = {
  clientCredentials: async () => ({ grant_type: 'client_credentials' }),
  password: async ({ password, username }, parts) => ({
    grant_type: 'password',
    username: await read(username, parts),
    password: await read(password, parts),
  }),
  jwtBearer: async (auth, parts) => ({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: await assertion(auth, parts),
  }),
  custom: async ({ grant_type }) => ({ grant_type }),
} satisfies {
  readonly clientCredentials: Grant<AuthOf<'oauth2_client_credentials'>>;
  readonly password: Grant<AuthOf<'oauth2_password'>>;
  readonly jwtBearer: Grant<AuthOf<'oauth2_jwt_bearer'>>;
  readonly custom: Grant<AuthOf<'oauth2_custom_grant'>>;
};

async function read(value: string | SecretReference, { redactor, resolveSecret }: AuthorizerParts): Promise<string> {
  return await resolved(value, resolveSecret, redactor);
}

/** @throws {PrivateKeyError} */
async function assertion(auth: AuthOf<'oauth2_jwt_bearer'>, parts: AuthorizerParts): Promise<string> {
  const { algorithm, audience, issuer, key_id, lifetime_seconds, private_key, subject, token_url } = auth;
  // In an environment variable or a JSON secret its lines often end in \n, as two characters.
  const pem = (await read(private_key, parts)).replaceAll('\\n', '\n');
  const now = Math.floor(parts.clock.now().getTime() / 1_000);
  const claims = Object.fromEntries(await resolvedMembers(auth.claims, parts));
  const jwt = new SignJWT(claims)
    .setProtectedHeader({
      alg: algorithm,
      typ: 'JWT',
      ...(key_id === undefined ? {} : { kid: await read(key_id, parts) }),
    })
    .setIssuer(await read(issuer, parts))
    .setAudience(audience ?? token_url)
    .setIssuedAt(now)
    .setExpirationTime(now + lifetime_seconds)
    .setJti(randomUUID());
  if (subject !== undefined) jwt.setSubject(await read(subject, parts));
  let signed: string;
  try {
    signed = await jwt.sign(createPrivateKey(pem));
  } catch {
    // The library's own words may quote the key.
    throw new PrivateKeyError('auth.private_key', `is no private key in PEM that signs with ${algorithm}`);
  }
  parts.redactor.learn(signed);
  return signed;
}
