import { itemsBefore, type PagePosition } from './page-position.ts';
import type { PageContent } from './page-reader.ts';

/**
 * How the last page that was read says that there is more, as the rest of a sentence about the request; undefined where
 * nothing says so.
 */
export function unreadSign(position: PagePosition, content: PageContent): string | undefined {
  const { hollow, items, itemsKnown, signs } = content;
  const read = itemsBefore(position) + items;
  if (signs.more !== undefined) {
    return `says by ${signs.more.place} ${signs.more.says ?? 'that there are further pages, which were not read.'}`;
  }
  const total = signs.total ?? position.announced;
  if (itemsKnown && total !== undefined && (total.count ?? 0) > read) {
    return `says by ${total.place} that there are ${shown(total.count)} items, of which ${shown(read)} were read.`;
  }
  if ((signs.pages?.count ?? 0) > position.page) {
    return `says by ${signs.pages?.place} that there are ${shown(signs.pages?.count)} pages, of which ${shown(position.page)} were read.`;
  }
  if (hollow) return `has ${shown(items)} items without any row at records_path; a part of the path may be misspelt.`;
  return undefined;
}

/** How the last page that was read leaves it open whether there is more. */
export function openEnd({ items, signs }: PageContent): string | undefined {
  if (signs.full === undefined) return undefined;
  return `gave ${shown(items)} items, as many as ${signs.full.place} allows, and nothing says that these are all.`;
}

function shown(count: number | undefined): string {
  return (count ?? 0).toLocaleString('en-US');
}
