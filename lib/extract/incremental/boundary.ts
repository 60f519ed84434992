import { createHash } from 'node:crypto';
import type { Watermark } from '../../manifest.ts';
import { keyBytes, Sketch } from './sketch.ts';

/** Rows at the boundary that are remembered one by one; more of them go into a sketch. */
const listedKeys = 250;

/** Which rows share the newest value of the cursor column; bounded, however many they are. */
export type Boundary = NonNullable<Watermark['boundary']>;

/** What tells a row at the boundary from the others. */
export function boundaryKey(identity: Buffer | string): Buffer {
  return createHash('sha256').update(identity).digest().subarray(0, keyBytes);
}

/** The rows at the boundary, as a multiset that grows. */
export class BoundarySet {
  #listed: string[] | undefined;
  #sketch: Sketch | undefined;

  constructor(boundary: Boundary = { hashes: [] }) {
    if ('hashes' in boundary) this.#listed = [...boundary.hashes];
    else this.#sketch = Sketch.parse(boundary.sketch);
  }

  add(key: Buffer): void {
    if (this.#listed === undefined) {
      this.#sketch?.add(key);
      return;
    }
    this.#listed.push(key.toString('base64'));
    if (this.#listed.length <= listedKeys) return;
    this.#sketch = sketchOf(this.#listed);
    this.#listed = undefined;
  }

  /** Adds the rows of another set. */
  merge(other: Boundary): void {
    if ('hashes' in other) {
      for (const key of other.hashes) this.add(Buffer.from(key, 'base64'));
      return;
    }
    this.#sketch ??= sketchOf(this.#listed ?? []);
    this.#listed = undefined;
    this.#sketch.merge(Sketch.parse(other.sketch));
  }

  /**
   * Which rows of `present` are not in this set, by how often.
   *
   * @param present  every row at the boundary there is now
   * @returns        undefined when the sets differ by too many rows to tell
   */
  async missingFrom(present: () => AsyncIterable<Buffer>): Promise<ReadonlyMap<string, number> | undefined> {
    const missing = new Map<string, number>();
    if (this.#listed !== undefined) {
      const loaded = new Map<string, number>();
      for (const key of this.#listed) loaded.set(key, (loaded.get(key) ?? 0) + 1);
      for await (const key of present()) {
        const text = key.toString('base64');
        const left = loaded.get(text) ?? 0;
        if (left > 0) loaded.set(text, left - 1);
        else missing.set(text, (missing.get(text) ?? 0) + 1);
      }
      return missing;
    }
    const now = new Sketch();
    for await (const key of present()) now.add(key);
    const difference = now.difference(this.#sketch ?? new Sketch());
    if (difference === undefined) return undefined;
    for (const key of difference.here) missing.set(key.toString('base64'), 1);
    return missing;
  }

  toJSON(): Boundary {
    return this.#listed === undefined
      ? { sketch: (this.#sketch ?? new Sketch()).toString() }
      : { hashes: [...this.#listed] };
  }
}

function sketchOf(keys: readonly string[]): Sketch {
  const sketch = new Sketch();
  for (const key of keys) sketch.add(Buffer.from(key, 'base64'));
  return sketch;
}
