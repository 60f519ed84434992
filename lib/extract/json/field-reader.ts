import type { JsonPath } from '../../config/json-path.ts';
import { JsonScanner } from './json-scanner.ts';
import { growPath, newPathNode, type PathNode } from './path-tree.ts';

/** Reads some fields of a row as the text they have in it, so that no digit is lost. */
export type FieldReader = (line: Buffer) => ReadonlyMap<string, string>;

/** @param paths  by the names under which the fields are given back; paths of names and indexes only */
export function fieldReader(paths: Readonly<Record<string, JsonPath>>): FieldReader {
  const root: PathNode = newPathNode();
  for (const [name, path] of Object.entries(paths)) growPath(root, path.steps ?? []).captures.push(name);
  return (line) => {
    const scanner = new JsonScanner(root, () => undefined);
    scanner.write(line);
    return scanner.end().captures;
  };
}

/** A field by its name, or by a JSONPath where the text begins with `$`. */
export function fieldPath(text: string, parse: (path: string) => JsonPath): JsonPath {
  return text.startsWith('$') ? parse(text) : memberPath(text);
}

/** The path of a member of an object, whatever its name looks like. */
export function memberPath(name: string): JsonPath {
  return { text: name, steps: [{ name }], lead: [{ name }] };
}
