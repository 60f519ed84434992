import type { Clock } from '../../../clock.ts';
import type { RefreshTokens } from '../../../config/refresh-tokens.ts';
import type { ResolveSecret, SecretReference } from '../../../config/secret.ts';
import type { HttpConnections } from '../http-connections.ts';
import type { Redactor } from '../redactor.ts';

/** What proves to the API who is asking. */
export interface Authorization {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

/** The request that is to be authorized, with all that is sent but the authorization. */
export interface RequestToAuthorize {
  readonly method: string;
  readonly url: URL;
  readonly body: string | undefined;
}

export interface Authorizer {
  /** What to send with the next request. */
  readonly authorize: (request: RequestToAuthorize) => Promise<Authorization>;
  /** The API refused what was sent. True where something new can be had and asking again makes sense. */
  readonly renew: (refused: Authorization) => Promise<boolean>;
  /** Statuses that say so; 401 where it is left out. */
  readonly refusals?: readonly number[] | undefined;
}

/** What an authorizer is made with. */
export interface AuthorizerParts {
  readonly resolveSecret: ResolveSecret;
  readonly refreshTokens: RefreshTokens | undefined;
  readonly redactor: Redactor;
  readonly connections: HttpConnections;
  readonly clock: Clock;
  readonly delaysSeconds: readonly number[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
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

/** The same for all values of an object; numbers and flags as they are. */
export async function resolvedMembers<V extends string | number | boolean>(
  values: Readonly<Record<string, V | SecretReference>>,
  { redactor, resolveSecret }: Pick<AuthorizerParts, 'resolveSecret' | 'redactor'>,
): Promise<ReadonlyMap<string, string | V>> {
  const found = new Map<string, string | V>();
  for (const [name, value] of Object.entries(values)) {
    found.set(name, typeof value === 'object' ? await resolved(value, resolveSecret, redactor) : value);
  }
  return found;
}
