import type { Clock } from '../../clock.ts';
import type { ResolveSecret, SecretReference } from '../../config/secret.ts';
import type { HttpConnections } from './http-connections.ts';
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

/** What an authorizer is made with. */
export interface AuthorizerParts {
  readonly resolveSecret: ResolveSecret;
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
