import { html } from 'hono/html';

/** Markup in which every text from data is escaped. */
export type Html = ReturnType<typeof html>;

/** What a template takes: texts are escaped, markup is not. */
export type Content = Html | string | number | readonly Content[] | undefined;

/** Nothing. */
export const nothing: Html = html``;

/** Characters of a text from data that a page shows; the rest is counted. */
export const shownCharacters = 300;

/** Characters that nobody sees, or that turn what stands beside them: controls, marks of direction, blanks without width. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A text from data as it is shown: short, and with what cannot be seen written out as `⟨U+202E⟩`. */
export function shownText(text: string, most: number = shownCharacters): string {
  const cut = text.length > most;
  const shown = (cut ? text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '') : text).replace(unseen, (one) =>
    one === '\n' || one === '\t' ? one : `⟨U+${(one.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`,
  );
  return cut ? `${shown}…` : shown;
}

/** A text from data, kept apart from the direction of what stands around it. */
export function data(text: string, most?: number): Html {
  return html`<bdi>${shownText(text, most)}</bdi>`;
}
