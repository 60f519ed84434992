/** What an act is done with, besides what it does. */
export interface ActOptions {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly target?: string | undefined;
}
