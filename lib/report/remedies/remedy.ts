/** What an error's code or a kind of warning means, and what to do; code stands between backticks. */
export interface Remedy {
  readonly means: string;
  readonly todo: string;
}

export type Remedies<Key extends string = string> = Readonly<Record<Key, Remedy>>;
