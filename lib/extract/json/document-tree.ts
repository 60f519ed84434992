import { type JsonPath, locate } from '../../config/json-path.ts';
import { growPath, type PathNode } from './path-tree.ts';
import { type RowSearch, searchTree } from './row-search.ts';

/** Whether a path has filters, slices or the like, so that the whole document has to be at hand to follow it. */
export function needsDocument(rows: RowSearch, captures: Readonly<Record<string, JsonPath>>): boolean {
  return [rows.path, ...Object.values(captures)].some((path) => path !== undefined && path.steps === undefined);
}

/**
 * Follows every path through a whole document, and says by exact places what the scanner has to hand out. So numbers
 * keep their digits although the paths were followed through JavaScript's values.
 *
 * @throws {JsonSyntaxError} when the document is not JSON
 */
export function documentTree(
  document: Uint8Array,
  rows: RowSearch,
  captures: Readonly<Record<string, JsonPath>>,
): PathNode {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(document));
  } catch {
    // The scanner finds the same fault and knows its place better.
    return searchTree({ ...rows, path: undefined });
  }
  const root = searchTree(rows, captures);
  if (rows.path !== undefined && rows.path.steps === undefined) {
    const places = locate(rows.path, value);
    const only = places[0];
    for (const place of places) growPath(root, place).rows = places.length === 1 && place === only ? 'either' : 'value';
  }
  for (const [name, path] of Object.entries(captures)) {
    if (path.steps !== undefined) continue;
    const place = locate(path, value)[0];
    if (place !== undefined) growPath(root, place).captures.push(name);
  }
  return root;
}
