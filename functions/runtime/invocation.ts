/** The part of Lambda's context that the stages need. */
export interface Invocation {
  readonly getRemainingTimeInMillis: () => number;
}
