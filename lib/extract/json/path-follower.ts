import { Captures, type OnRecord } from './captures.ts';
import type { EnclosingFields } from './enclosing-fields.ts';
import {
  type Envelope,
  type EnvelopeList,
  envelopeDepth,
  envelopeLists,
  envelopeMembers,
  type WantMember,
} from './envelope.ts';
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
  /** How many items there are, see `PathNode.items`; undefined where no path tells. */
  readonly items: number | undefined;
  /** The place of the items exists, though it may hold none. */
  readonly itemsReached: boolean;
  readonly envelope: Envelope;
}

/** An object or array that is open. */
interface Frame {
  readonly object: boolean;
  readonly nodes: readonly PathNode[];
  /** The nodes of every element, where no index tells elements apart. */
  readonly elements: readonly PathNode[] | undefined;
  child: readonly PathNode[];
  index: number;
  /** Its place, where it is outside of the records. */
  readonly path: readonly string[] | undefined;
  /** Its members are looked at. */
  readonly watched: boolean;
  /** The name of the member that comes next, where names are read. */
  key: string | undefined;
  /** How many values have begun in it. */
  values: number;
  ofObjects: boolean;
  /** Rows in it get fields of it. */
  readonly encloses: boolean;
}

const everyElement: PathNode = { ...newPathNode(), any: { ...newPathNode(), rows: 'value' } };
const everyItem: PathNode = { ...newPathNode(), any: { ...newPathNode(), items: 'value' } };
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
  #items = 0;
  #itemsReached = false;
  readonly #countsItems: boolean;
  readonly #wants: WantMember | undefined;
  #watchedMembers = 0;
  /** By the names under which the captures keep their values. */
  readonly #memberPaths = new Map<string, readonly string[]>();
  readonly #lists: EnvelopeList[] = [];

  readonly #enclosing: EnclosingFields | undefined;

  /**
   * @param wants      which members outside of the records are kept; undefined: none, nor are lists
   * @param enclosing  gives rows the fields of what they lie in, from the texts that are captured
   */
  constructor(
    root: PathNode,
    onRecord: OnRecord,
    wants?: WantMember | undefined,
    enclosing?: ((texts: Map<string, string>) => EnclosingFields) | undefined,
  ) {
    this.#root = [root];
    this.#wants = wants;
    this.#countsItems = hasItems(root);
    this.#captures = new Captures((raw, member) => {
      if (this.#enclosing === undefined) onRecord(raw, member);
      else this.#enclosing.row(raw, member);
    });
    this.#enclosing = enclosing?.(this.#captures.texts);
  }

  /** The innermost of them is an object. */
  get inObject(): boolean {
    return this.#top?.object === true;
  }

  /** Whether the name of the next member means anything here. */
  get wantsName(): boolean {
    const frame = this.#top as Frame;
    return frame.nodes.length > 0 || frame.watched || this.#wantsRootName;
  }

  /** The value that comes next is the member of this name, to be called where names are wanted. */
  member(name: string): void {
    const frame = this.#top as Frame;
    frame.child = childNodes(frame.nodes, name);
    frame.key = name;
    if (this.#wantsRootName) this.#rootNames.push(name);
  }

  /** The value that comes next is the array's next element. */
  nextElement(): void {
    (this.#top as Frame).index += 1;
  }

  /** An object or array begins. */
  open(object: boolean, at: number): void {
    const parent = this.#top;
    const nodes = this.#placeNodes();
    const path = this.#pathHere(parent, nodes, object);
    if (parent !== undefined && object && parent.values === 1) parent.ofObjects = true;
    let inner = nodes;
    if (nodes.length > 0) {
      this.#beginCaptures(nodes, at, object ? 'object' : 'array');
      if (!object && nodes.some((node) => node.rows === 'elements' || node.rows === 'either')) {
        inner = [...inner, everyElement];
      }
      if (!object && nodes.some((node) => node.items === 'elements' || node.items === 'either'))
        inner = [...inner, everyItem];
      if (inner.some((node) => node.any?.rows !== undefined)) this.#reached = true;
      if (inner.some((node) => node.any?.items !== undefined)) this.#itemsReached = true;
    }
    if (path !== undefined) this.#watchMember(path, at, true);
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
      path,
      watched: path !== undefined && this.depth < envelopeDepth && (object || this.depth === 0),
      key: undefined,
      values: 0,
      ofObjects: false,
      encloses: this.#enclosing !== undefined && nodes.some(({ encloses }) => encloses === true),
    };
    this.#frames.push(this.#top);
    this.depth += 1;
  }

  /** A text, a number or a literal begins. */
  scalar(isNull: boolean, at: number): void {
    const parent = this.#top;
    const nodes = this.#placeNodes();
    if (parent?.watched === true && parent.key !== undefined) {
      this.#watchMember([...(parent.path ?? []), parent.key], at, false);
    }
    if (nodes.length > 0) {
      this.#beginCaptures(nodes, at, isNull ? 'null' : 'scalar');
      if (isNull && nodes.some((node) => node.any !== undefined || node.items !== undefined)) this.#itemsReached = true;
    }
    if (this.depth === 0) this.#rootKind = 'scalar';
  }

  /** The innermost object or array has ended; `endValue` tells where. */
  close(): void {
    const frame = this.#frames.pop();
    if (frame?.object === false && frame.path !== undefined && this.#lists.length < envelopeLists) {
      this.#lists.push({ path: frame.path, length: frame.values, ofObjects: frame.ofObjects });
    }
    this.depth -= 1;
    if (frame?.encloses === true) this.#enclosing?.close(this.depth);
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
    const members = [...this.#memberPaths].map(([name, path]) => ({
      path,
      json: this.#captures.texts.get(name) ?? '',
    }));
    return {
      items: this.#countsItems ? this.#items : undefined,
      itemsReached: this.#itemsReached,
      envelope: { members, lists: this.#lists },
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
    frame.values += 1;
    if (frame.object) return frame.child;
    return frame.elements ?? childNodes(frame.nodes, frame.index);
  }

  /** The name of a record that any member of an object would be. */
  #memberName(node: PathNode): string | undefined {
    const frame = this.#top;
    if (frame?.object !== true || node.rows !== 'value') return undefined;
    return frame.nodes.some(({ any }) => any === node) ? frame.key : undefined;
  }

  /** Where an object or array lies, unless it is a record or inside of one. */
  #pathHere(parent: Frame | undefined, nodes: readonly PathNode[], object: boolean): readonly string[] | undefined {
    if (this.#wants === undefined) return undefined;
    if (nodes.some((node) => node.rows === 'value' || (node.rows === 'either' && object))) return undefined;
    if (parent === undefined) return [];
    if (!parent.watched) return undefined;
    if (!parent.object) return parent.index < 2 ? [`[${parent.index}]`] : undefined;
    return parent.key === undefined ? undefined : [...(parent.path ?? []), parent.key];
  }

  /** Keeps the value that begins now, where it is one that is wanted. */
  #watchMember(path: readonly string[], at: number, container: boolean): void {
    const name = path.at(-1);
    if (name === undefined || this.#wants === undefined || this.#watchedMembers >= envelopeMembers) return;
    this.#watchedMembers += 1;
    const wanted = this.#wants(name, path.at(-2));
    if (wanted === undefined || (container && wanted === 'plain')) return;
    const key = `envelope ${JSON.stringify(path)}`;
    this.#memberPaths.set(key, path);
    this.#captures.begin(this.depth, false, [key], at);
  }

  #beginCaptures(nodes: readonly PathNode[], at: number, kind: 'object' | 'array' | 'scalar' | 'null'): void {
    for (const node of nodes) {
      const record = node.rows === 'value' || (node.rows === 'either' && kind !== 'array' && kind !== 'null');
      if (node.rows === 'value' || node.rows === 'either' || (node.rows === 'elements' && kind === 'null')) {
        this.#reached = true;
      }
      if (node.items === 'value' || (node.items === 'either' && kind !== 'array' && kind !== 'null')) this.#items += 1;
      if (!record && node.captures.length === 0) continue;
      this.#captures.begin(this.depth, record, node.captures, at, record ? this.#memberName(node) : undefined);
    }
  }
}

function leadsOn(node: PathNode): boolean {
  return node.any !== undefined || node.names.size > 0 || node.indexes.size > 0;
}

function hasItems(node: PathNode): boolean {
  if (node.items !== undefined) return true;
  const inner = [...node.names.values(), ...node.indexes.values()];
  return inner.some(hasItems) || (node.any !== undefined && hasItems(node.any));
}
