import type { JsonPath } from '../../config/json-path.ts';
import { parseJsonPath } from '../../config/json-path.ts';
import { headerPath, includePath, splitHeaderPath } from '../../config/source-rows.ts';
import { type EnclosingField, growEnclosing } from './enclosing-fields.ts';
import { memberNamer, type NameMember } from './member-name.ts';
import { growPath, newPathNode, type PathNode } from './path-tree.ts';
import type { RowShape } from './row-shaper.ts';

/** Where rows are looked for in a JSON document. */
export interface RowSearch {
  /** As people read it: the path, or what stands for none. */
  readonly shown: string;
  /** Undefined: `results`, or the document itself where it is an array, as in the article. */
  readonly path: JsonPath | undefined;
  /** Keeps the names of rows that are the members of an object. */
  readonly nameMember?: NameMember | undefined;
  /** What rows get from what they lie in. */
  readonly fields?: readonly EnclosingField[] | undefined;
  readonly shape?: RowShape | undefined;
}

/** What of a source says where its rows are, and what they look like. */
export interface RowSettings extends RowShape {
  readonly records_path?: string | undefined;
  readonly record_name_column?: string | undefined;
  readonly map_key?: string | undefined;
  readonly include?: Readonly<Record<string, string>> | undefined;
}

export function rowSearch(settings: RowSettings): RowSearch {
  const { columnar, header, include = {}, map_key, record_name_column, records_path } = settings;
  const whole = records_path === undefined ? undefined : parseJsonPath(records_path);
  const isMap = map_key !== undefined && whole?.steps?.at(-1) !== 'any';
  const path = isMap && whole !== undefined ? parseJsonPath(`${whole.text}[*]`) : whole;
  const shape = columnar === undefined && header === undefined ? undefined : { columnar, header };
  const names = headerPath(header);
  const asked = Object.entries(include).map(([column, text]) => [column, parseJsonPath(text)] as const);
  // What the shape takes comes behind what becomes columns.
  const all = names === undefined ? asked : [...asked, ['', splitHeaderPath(names).list] as const];
  const fields = all.flatMap(([column, of]) => {
    const found = includePath(path?.steps ?? [], of);
    return typeof found === 'string' ? [] : [{ ...found, column }];
  });
  if (path === undefined) return { shown: '$.results (nor is it an array)', path, fields, shape };
  const shown = isMap || records_path === undefined ? path.text : records_path;
  return { shown, path, nameMember: memberNamer(map_key ?? record_name_column), fields, shape };
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
  growEnclosing(root, rows.fields ?? []);
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
