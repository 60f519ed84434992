import type { PathStep } from '../../config/json-path.ts';

/**
 * What to look for in a JSON text, merged into one tree so that the scanner follows every path at once.
 *
 * A node stands for a place in the document; its edges lead to members by name, to elements by index, or to any child.
 */
export interface PathNode {
  readonly names: Map<string, PathNode>;
  readonly indexes: Map<number, PathNode>;
  any: PathNode | undefined;
  /**
   * What of the value here is a record. `value`: itself. `elements`: its elements if it is an array, else nothing.
   * `either`: its elements if it is an array, nothing if it is null, else itself.
   */
  rows: 'value' | 'elements' | 'either' | undefined;
  /**
   * What of the value here is an item, which APIs count pages by: several rows may come of one, or none. The words mean
   * what they mean for `rows`.
   */
  items: 'value' | 'elements' | 'either' | undefined;
  /** Rows lie in the value here, and get fields of it. */
  encloses?: true | undefined;
  /** The value here is kept as raw text under these names. */
  readonly captures: string[];
}

export function newPathNode(): PathNode {
  return { names: new Map(), indexes: new Map(), any: undefined, rows: undefined, items: undefined, captures: [] };
}

/** The node at the end of `steps`, made where it is missing. */
export function growPath(root: PathNode, steps: readonly PathStep[]): PathNode {
  let node = root;
  for (const step of steps) {
    let next: PathNode;
    if (step === 'any') {
      next = node.any ?? newPathNode();
      node.any = next;
    } else if ('name' in step) {
      next = node.names.get(step.name) ?? newPathNode();
      node.names.set(step.name, next);
    } else {
      next = node.indexes.get(step.index) ?? newPathNode();
      node.indexes.set(step.index, next);
    }
    node = next;
  }
  return node;
}

const none: readonly PathNode[] = [];

/** Where the nodes of a place lead for one of its children. */
export function childNodes(nodes: readonly PathNode[], key: string | number): readonly PathNode[] {
  let found: PathNode[] | undefined;
  for (const node of nodes) {
    const exact = typeof key === 'string' ? node.names.get(key) : node.indexes.get(key);
    for (const next of [exact, node.any]) {
      if (next === undefined) continue;
      found ??= [];
      found.push(next);
    }
  }
  return found ?? none;
}
