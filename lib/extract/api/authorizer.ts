import type { ResolveSecret, SecretReference } from '../../config/secret.ts';
import type { AuthSettings } from '../../config/source-auth.ts';
import type { Redactor } from './redactor.ts';

/** What proves to the API who is asking. */
export interface Authorization {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

export interface Authorizer {
  /** What to send with the next request. */
  readonly authorize: () => Promise<Authorization>;
  /** The API refused what was sent. True where something new can be had and asking again makes sense. */
  readonly renew: (refused: Authorization) => Promise<boolean>;
}

/** Looks a value up unless it stands in the open, and has it kept out of messages. */
export async function resolved(
  value: string | SecretReference,
  resolveSecret: ResolveSecret,
  redactor: Redactor,
): Promise<string> {
  if (typeof value === 'string') return value;
  const secret = await resolveSecret(value);
  redactor.learn(secret);
  return secret;
}

/** Credentials that stay the same through a run. */
export async function fixedAuthorizer(
  auth: Exclude<AuthSettings, { type: 'oauth2_client_credentials' }> | undefined,
  resolveSecret: ResolveSecret,
  redactor: Redactor,
): Promise<Authorizer> {
  const read = (value: string | SecretReference) => resolved(value, resolveSecret, redactor);
  const authorization = await fixedAuthorization(auth, read, redactor);
  return { authorize: async () => authorization, renew: async () => false };
}

async function fixedAuthorization(
  auth: Exclude<AuthSettings, { type: 'oauth2_client_credentials' }> | undefined,
  read: (value: string | SecretReference) => Promise<string>,
  redactor: Redactor,
): Promise<Authorization> {
  switch (auth?.type) {
    case undefined:
      return { headers: {}, query: {} };
    case 'bearer':
      return { headers: { authorization: `Bearer ${await read(auth.token)}` }, query: {} };
    case 'api_key': {
      const key = await read(auth.key);
      return auth.in === 'query'
        ? { headers: {}, query: { [auth.name]: key } }
        : { headers: { [auth.name.toLowerCase()]: key }, query: {} };
    }
    case 'basic': {
      const pair = Buffer.from(`${await read(auth.username)}:${await read(auth.password)}`).toString('base64');
      redactor.learn(pair);
      return { headers: { authorization: `Basic ${pair}` }, query: {} };
    }
  }
}
