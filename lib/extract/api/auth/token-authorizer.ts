import type { Clock } from '../../../clock.ts';
import type { Authorization, Authorizer, RequestToAuthorize } from './authorizer.ts';

/** How long before its end a token is replaced, so that none expires on the way. */
const marginMs = 30_000;

/** What a token server or a login gave. */
export interface Token {
  readonly authorization: Authorization;
  /** Milliseconds since 1970; Infinity where it is not known. */
  readonly expiresAt: number;
}

/** Tokens shared by all requests until they expire or are refused. */
export class TokenAuthorizer implements Authorizer {
  readonly refusals: readonly number[];
  readonly #clock: Clock;
  readonly #fetch: (refused: boolean) => Promise<Token>;
  #token: Promise<Token> | undefined;

  /** @param fetch  asks for a token; told whether the one before was refused, rather than about to expire */
  constructor(clock: Clock, fetch: (refused: boolean) => Promise<Token>, refusals: readonly number[] = [401]) {
    this.#clock = clock;
    this.#fetch = fetch;
    this.refusals = refusals;
  }

  readonly authorize = async (_: RequestToAuthorize): Promise<Authorization> => {
    const asked = this.#current();
    const token = await asked;
    if (this.#clock.now().getTime() < token.expiresAt) return token.authorization;
    // Of several requests that find it expired, the first gets a new one for all.
    return (await (this.#token === asked ? this.#replace(false) : this.#current())).authorization;
  };

  readonly renew = async (refused: Authorization): Promise<boolean> => {
    const asked = this.#current();
    const token = await asked;
    if (token.authorization === refused && this.#token === asked) await this.#replace(true);
    return true;
  };

  #current(): Promise<Token> {
    return this.#token ?? this.#replace(false);
  }

  #replace(refused: boolean): Promise<Token> {
    const token = this.#fetch(refused);
    this.#token = token;
    token.catch(() => {
      if (this.#token === token) this.#token = undefined;
    });
    return token;
  }
}

/** When a token that was asked for at `askedAt` is replaced. One that lives shorter than the margin is used for half its life. */
export function expiryOf(askedAt: number, seconds: number | undefined): number {
  if (seconds === undefined) return Infinity;
  return askedAt + Math.max(seconds * 1_000 - marginMs, (seconds * 1_000) / 2);
}
