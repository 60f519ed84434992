import type { JsonPath } from '../../config/json-path.ts';
import { parseJsonPath } from '../../config/json-path.ts';
import { memberNamer, type NameMember } from './member-name.ts';
import { growPath, newPathNode, type PathNode } from './path-tree.ts';

/** Where rows are looked for in a JSON document. */
export interface RowSearch {
  /** As people read it: the path, or what stands for none. */
  readonly shown: string;
  /** Undefined: `results`, or the document itself where it is an array, as in the article. */
  readonly path: JsonPath | undefined;
  /** Keeps the names of rows that are the members of an object. */
  readonly nameMember?: NameMember | undefined;
}

export function rowSearch(recordsPath: string | undefined, nameColumn?: string | undefined): RowSearch {
  return recordsPath === undefined
    ? { shown: '$.results (nor is it an array)', path: undefined }
    : { shown: recordsPath, path: parseJsonPath(recordsPath), nameMember: memberNamer(nameColumn) };
}

/** What the scanner looks for: rows, and values to keep by name. Only for paths that can be streamed. */
export function searchTree(rows: RowSearch, captures: Readonly<Record<string, JsonPath>> = {}): PathNode {
  const root = newPathNode();
  if (rows.path === undefined) {
    root.rows = 'elements';
    root.items = 'elements';
    const results = growPath(root, [{ name: 'results' }]);
    results.rows = 'elements';
    results.items = 'elements';
  } else if (rows.path.steps !== undefined) {
    growPath(root, rows.path.steps).rows = rows.path.steps.at(-1) === 'any' ? 'value' : 'either';
  }
  markItems(root, rows.path);
  for (const [name, path] of Object.entries(captures)) {
    if (path.steps !== undefined) growPath(root, path.steps).captures.push(name);
  }
  return root;
}

/** The items are what the path may lead to several of first, e.g. `$.orders[*]` of `$.orders[*].lines[*]`. */
function markItems(root: PathNode, path: JsonPath | undefined): void {
  if (path?.lead === undefined) return;
  if (path.steps !== undefined && path.steps.length === path.lead.length) growPath(root, path.lead).items = 'either';
  else growPath(root, [...path.lead, 'any']).items = 'value';
}
