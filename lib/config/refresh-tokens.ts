import type { SecretReference } from './secret.ts';

/** What is known of a refresh token that changes with each use. */
export interface RefreshTokenState {
  readonly refreshToken: string;
  /** The access token that came with it; `expiresAt` in milliseconds since 1970. */
  readonly access?: { readonly token: string; readonly expiresAt: number } | undefined;
}

/** Keeps refresh tokens of which each use gives a new one. */
export interface RefreshTokens {
  /**
   * Has the newest token used by one run at a time: what `use` gives back is kept before anybody else gets at the token.
   *
   * @param reference  where the configuration says that the token is
   * @param isGood     whether the access token that is kept can be used as it is
   * @param use        is given the newest state; asks the API, and gives back what is good from now on
   * @throws what `use` throws; the state stays as it was
   * Killed between the API's answer and the keeping: the new token is lost, and whoever gave the access has to give it again.
   */
  readonly exclusively: (
    reference: SecretReference,
    isGood: (newest: RefreshTokenState) => boolean,
    use: (newest: RefreshTokenState) => Promise<RefreshTokenState>,
  ) => Promise<RefreshTokenState>;
}

/** Refresh tokens by the kind of their reference. */
export function refreshTokensOf(kept: { readonly env: RefreshTokens; readonly secret: RefreshTokens }): RefreshTokens {
  return {
    exclusively: (reference, ...rest) => ('env' in reference ? kept.env : kept.secret).exclusively(reference, ...rest),
  };
}
