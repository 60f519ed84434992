import { Captures } from './captures.ts';
import { childNodes, newPathNode, type PathNode } from './path-tree.ts';

/** What a document was, once it has ended. */
export interface JsonSummary {
  /** The values that were looked for, as the text they had in the document. The last one wins. */
  readonly captures: ReadonlyMap<string, string>;
  /** The place where records are expected exists, though it may hold none. */
  readonly reached: boolean;
  readonly rootKind: 'object' | 'array' | 'scalar';
  /** Names of the root object's first members, 20 at most. */
  readonly rootNames: readonly string[];
}

/** An object or array that is open. */
interface Frame {
  readonly object: boolean;
  readonly nodes: readonly PathNode[];
  /** The nodes of every element, where no index tells elements apart. */
  readonly elements: readonly PathNode[] | undefined;
  child: readonly PathNode[];
  index: number;
}

const everyElement: PathNode = { ...newPathNode(), any: { ...newPathNode(), rows: 'value' } };
const maxRootNames = 20;

/**
 * Follows a tree of paths through a document, value by value as the scanner meets them, and keeps what they lead to.
 * Places are indexes into the chunk at hand.
 */
export class PathFollower {
  readonly #captures: Captures;
  readonly #root: readonly PathNode[];
  readonly #frames: Frame[] = [];
  /** The innermost of them. */
  #top: Frame | undefined;
  readonly #rootNames: string[] = [];
  /** How many objects and arrays are open. */
  depth = 0;
  #reached = false;
  #rootKind: JsonSummary['rootKind'] = 'scalar';

  constructor(root: PathNode, onRecord: (raw: Buffer) => void) {
    this.#root = [root];
    this.#captures = new Captures(onRecord);
  }

  /** The innermost of them is an object. */
  get inObject(): boolean {
    return this.#top?.object === true;
  }

  /** Whether the name of the next member means anything here. */
  get wantsName(): boolean {
    return (this.#top as Frame).nodes.length > 0 || this.#wantsRootName;
  }

  /** The value that comes next is the member of this name, to be called where names are wanted. */
  member(name: string): void {
    const frame = this.#top as Frame;
    frame.child = childNodes(frame.nodes, name);
    if (this.#wantsRootName) this.#rootNames.push(name);
  }

  /** The value that comes next is the array's next element. */
  nextElement(): void {
    (this.#top as Frame).index += 1;
  }

  /** An object or array begins. */
  open(object: boolean, at: number): void {
    const nodes = this.#placeNodes();
    let inner = nodes;
    if (nodes.length > 0) {
      this.#beginCaptures(nodes, at, object ? 'object' : 'array');
      if (!object && nodes.some((node) => node.rows === 'elements' || node.rows === 'either')) {
        inner = [...nodes, everyElement];
      }
      if (inner.some((node) => node.any?.rows !== undefined)) this.#reached = true;
    }
    if (this.depth === 0) this.#rootKind = object ? 'object' : 'array';
    // Inside a record there is nothing to look for, which the keys need not be read for.
    if (inner.length > 0) inner = inner.filter(leadsOn);
    const plain = !object && inner.every((node) => node.indexes.size === 0);
    this.#top = {
      object,
      nodes: inner,
      elements: plain ? childNodes(inner, -1) : undefined,
      child: [],
      index: 0,
    };
    this.#frames.push(this.#top);
    this.depth += 1;
  }

  /** A text, a number or a literal begins. */
  scalar(isNull: boolean, at: number): void {
    const nodes = this.#placeNodes();
    if (nodes.length > 0) this.#beginCaptures(nodes, at, isNull ? 'null' : 'scalar');
    if (this.depth === 0) this.#rootKind = 'scalar';
  }

  /** The innermost object or array has ended; `endValue` tells where. */
  close(): void {
    this.#frames.pop();
    this.depth -= 1;
    this.#top = this.#frames[this.#frames.length - 1];
  }

  /** A value of this depth ends before `end`. */
  endValue(chunk: Uint8Array, end: number): void {
    if (this.depth === this.#captures.depth) this.#captures.end(this.depth, chunk, end);
  }

  /** The chunk is at its end. */
  carry(chunk: Uint8Array): void {
    this.#captures.carry(chunk);
  }

  /** What was found so far. */
  summary(): JsonSummary {
    return {
      captures: this.#captures.texts,
      reached: this.#reached,
      rootKind: this.#rootKind,
      rootNames: this.#rootNames,
    };
  }

  get #wantsRootName(): boolean {
    return this.depth === 1 && this.#rootNames.length < maxRootNames;
  }

  /** The nodes of the value that begins now. */
  #placeNodes(): readonly PathNode[] {
    const frame = this.#top;
    if (frame === undefined) return this.#root;
    if (frame.object) return frame.child;
    return frame.elements ?? childNodes(frame.nodes, frame.index);
  }

  #beginCaptures(nodes: readonly PathNode[], at: number, kind: 'object' | 'array' | 'scalar' | 'null'): void {
    for (const node of nodes) {
      const record = node.rows === 'value' || (node.rows === 'either' && kind !== 'array' && kind !== 'null');
      if (node.rows === 'value' || node.rows === 'either' || (node.rows === 'elements' && kind === 'null')) {
        this.#reached = true;
      }
      if (!record && node.captures.length === 0) continue;
      this.#captures.begin(this.depth, record, node.captures, at);
    }
  }
}

function leadsOn(node: PathNode): boolean {
  return node.any !== undefined || node.names.size > 0 || node.indexes.size > 0;
}
