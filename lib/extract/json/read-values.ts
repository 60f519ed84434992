import type { JsonPath } from '../../config/json-path.ts';
import { documentTree } from './document-tree.ts';
import { JsonScanner } from './json-scanner.ts';
import type { RowSearch } from './row-search.ts';

/**
 * The values at some paths of a small document, as the text they have in it, by the paths' names.
 *
 * @throws {JsonSyntaxError} when it is not JSON
 */
export function readValues(
  document: Uint8Array,
  paths: Readonly<Record<string, JsonPath>>,
): ReadonlyMap<string, string> {
  const scanner = new JsonScanner(documentTree(document, nowhere, paths), () => undefined);
  scanner.write(document);
  return scanner.end().captures;
}

/** No rows are looked for. */
const nowhere: RowSearch = { shown: '', path: { text: '', steps: [{ index: -1 }], lead: [{ index: -1 }] } };
