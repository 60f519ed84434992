import type { Pager } from '../pager.ts';

/** What a source without `pagination` does: it follows the links of RFC 8288, and the URL of the next page where a response has it. */
export const usualLinksPager: Pager<undefined> = {
  paths: () => ({}),
  write: () => undefined,
  next: (_settings, _position, { signs }) => (signs.nextUrl === undefined ? undefined : { url: signs.nextUrl }),
};
