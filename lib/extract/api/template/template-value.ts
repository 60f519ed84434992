import type { BoundParameter } from '../../incremental/window.ts';

/** What stands for a placeholder. */
export type TemplateValue =
  | {
      readonly kind: 'time';
      /** Since 1970. */
      readonly nanoseconds: bigint;
      /** Digits of the second that it is written with. */
      readonly digits: number;
      readonly rounding: 'down' | 'up';
      readonly zone: string;
      /** As it stands where the placeholder names no format. */
      readonly written: () => BoundParameter;
    }
  /** A text or a number, as JSON. */
  | { readonly kind: 'plain'; readonly json: string }
  /** Several of them. */
  | { readonly kind: 'list'; readonly items: readonly string[] };

/** Fields of one parent by their names, as JSON text. */
export type ParentFields = Readonly<Record<string, string>>;
