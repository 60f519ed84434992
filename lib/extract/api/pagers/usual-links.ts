import { textOf, urlOf } from '../json-value.ts';
import { linkTarget } from '../link-header.ts';
import type { Pager } from '../pager.ts';

/** Where APIs that are not told about by the configuration put the URL of the next page. */
const usualNextPaths = [
  '$.next',
  '$.next_url',
  '$.next_page_url',
  '$.links.next',
  '$.links.next.href',
  '$._links.next.href',
  '$.paging.next',
  '$.pagination.next',
  '$.pagination.next_url',
  '$.meta.next',
  "$['@odata.nextLink']",
];

/** What a source without `pagination` does: it follows the links of RFC 8288 and the usual URLs of next pages. */
export const usualLinksPager: Pager<undefined> = {
  paths: () => Object.fromEntries(usualNextPaths.map((path, index) => [`next${index}`, path])),
  write: () => undefined,
  next: (_settings, _position, { captures, headers, url: base }) => {
    const link = linkTarget(headers.link, 'next', base);
    if (link !== undefined) return { url: link };
    for (let index = 0; index < usualNextPaths.length; index += 1) {
      const text = textOf(captures.get(`next${index}`));
      const url = text !== undefined && /^(https?:\/\/|\/|\?)/.test(text) ? urlOf(text, base) : undefined;
      if (url !== undefined) return { url };
    }
    return undefined;
  },
};
