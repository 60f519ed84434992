import type { en } from './en/en.ts';

type Widened<T> = T extends string
  ? string
  : T extends (...given: infer G) => string
    ? (...given: G) => string
    : { readonly [K in keyof T]: Widened<T[K]> };

/** The texts of the page in one language. */
export type Words = Widened<typeof en>;
