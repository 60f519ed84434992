import { behind, type ColumnEvidence, mergeEvidence, noEvidence } from '../transform/infer/evidence.ts';
import { mergeShapes, type ShapeEvidence } from '../transform/shape/member-evidence.ts';
import type { SliceShape } from './survey-shape.ts';

/** What the shapes of all slices say, taken in one by one in their order. */
export class FoldedShapes {
  evidence: ShapeEvidence = [];
  rows = 0;
  empty = 0;
  /** Of each slice: the rows before it. */
  readonly rowsBefore: number[] = [];
  readonly #types = new Map<string, ColumnEvidence>();

  add({ empty, rows, shape, types }: SliceShape): void {
    this.evidence = mergeShapes(this.evidence, shape);
    for (const { of, path } of types) {
      this.#types.set(keyOf(path), mergeEvidence(this.typesOf(path), behind(this.rows, of)));
    }
    this.rowsBefore.push(this.rows);
    this.rows += rows;
    this.empty += empty;
  }

  /** What values say of the type of a column. */
  typesOf(path: readonly string[]): ColumnEvidence {
    return this.#types.get(keyOf(path)) ?? noEvidence;
  }
}

function keyOf(path: readonly string[]): string {
  return JSON.stringify(path);
}
