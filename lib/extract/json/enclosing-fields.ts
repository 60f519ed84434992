import type { IncludePath } from '../../config/source-rows.ts';
import type { PathNode } from './path-tree.ts';
import { growPath } from './path-tree.ts';

/** A column that each row gets from what it lies in. */
export interface EnclosingField extends IncludePath {
  readonly column: string;
}

type Emit = (raw: Buffer, member: string | undefined, values: readonly string[]) => void;

interface HeldRow {
  readonly raw: Buffer;
  readonly member: string | undefined;
  readonly values: (string | undefined)[];
}

/** More bytes of rows wait for a value behind them than may be held. */
export class TooManyHeldRowsError extends Error {
  override readonly name = 'TooManyHeldRowsError';
}

/** Marks in the tree where the fields are, and what encloses the rows they belong to. */
export function growEnclosing(root: PathNode, fields: readonly EnclosingField[]): void {
  for (const [at, { enclosing, inside }] of fields.entries()) {
    growPath(root, enclosing).encloses = true;
    growPath(root, [...enclosing, ...inside]).captures.push(nameOf(at));
  }
}

/**
 * Gives each row the fields of what it lies in. A row whose fields stand behind it in the document waits for them, and
 * the rows after it with it; where they stand before it, nothing is held.
 */
export class EnclosingFields {
  readonly #fields: readonly EnclosingField[];
  readonly #depths: readonly number[];
  readonly #texts: Map<string, string>;
  readonly #emit: Emit;
  readonly #maxBytes: number;
  #held: HeldRow[] = [];
  #heldBytes = 0;
  /** By depth: the first row that what encloses it there has not ended for. */
  readonly #open = new Map<number, number>();

  /** @param texts  what has been captured of the document; the fields of an element that ended are removed from it */
  constructor(fields: readonly EnclosingField[], texts: Map<string, string>, emit: Emit, maxBytes: number) {
    this.#fields = fields;
    this.#depths = fields.map(({ enclosing }) => enclosing.length);
    this.#texts = texts;
    this.#emit = emit;
    this.#maxBytes = maxBytes;
  }

  /** @throws {TooManyHeldRowsError} */
  row(raw: Buffer, member: string | undefined): void {
    const values = this.#fields.map((_field, at) => this.#texts.get(nameOf(at)));
    if (this.#held.length === 0 && values.every((value) => value !== undefined)) {
      this.#emit(raw, member, values);
      return;
    }
    this.#heldBytes += raw.length;
    if (this.#heldBytes > this.#maxBytes) throw new TooManyHeldRowsError();
    this.#held.push({ raw, member, values });
  }

  /** What encloses rows at this depth of the document has ended. */
  close(depth: number): void {
    for (const [at, fieldDepth] of this.#depths.entries()) {
      if (fieldDepth !== depth) continue;
      const text = this.#texts.get(nameOf(at)) ?? 'null';
      for (const { values } of this.#held.slice(this.#open.get(depth) ?? 0)) values[at] ??= text;
      this.#texts.delete(nameOf(at));
    }
    this.#open.set(depth, this.#held.length);
    let done = 0;
    for (const { member, raw, values } of this.#held) {
      if (values.some((value) => value === undefined)) break;
      this.#emit(raw, member, values as string[]);
      this.#heldBytes -= raw.length;
      done += 1;
    }
    if (done === 0) return;
    this.#held = this.#held.slice(done);
    for (const [other, from] of this.#open) this.#open.set(other, Math.max(0, from - done));
  }
}

function nameOf(index: number): string {
  return `enclosing ${index}`;
}
