import { type JsonPath, parseJsonPath } from '../../config/json-path.ts';
import type { PaginationSettings } from '../../config/source-pagination.ts';
import { isTrue } from './json-value.ts';

/** Signs that there are more pages, which cannot be followed without being told how. */
const moreSigns = [
  '$.has_more',
  '$.hasMore',
  '$.next_cursor',
  '$.nextCursor',
  '$.next_page_token',
  '$.nextPageToken',
  '$.meta.next_cursor',
  '$.pagination.next_cursor',
  '$.pagination.has_more',
];

/** The values of a response's body that are such signs, by name. */
export function signPaths(pagination: PaginationSettings | undefined): Readonly<Record<string, JsonPath>> {
  if (pagination !== undefined) return {};
  return Object.fromEntries(moreSigns.map((path, index) => [`sign${index}`, parseJsonPath(path)]));
}

/** Where a response says that there is more, though the configuration says nothing of pages. */
export function unfollowedSign(
  pagination: PaginationSettings | undefined,
  captures: ReadonlyMap<string, string>,
): string | undefined {
  if (pagination !== undefined) return undefined;
  return moreSigns.find((_path, index) => isTrue(captures.get(`sign${index}`)));
}
