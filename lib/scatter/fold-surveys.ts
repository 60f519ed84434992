import { isDeepStrictEqual } from 'node:util';
import { behind, type ColumnEvidence, mergeEvidence, noEvidence } from '../transform/infer/evidence.ts';
import type { ParquetQuestion, PartFields } from '../transform/read/opened-parts.ts';
import type { RawRows } from '../transform/read/raw-rows.ts';
import type { SliceSurvey } from './survey-slice.ts';

/** Pieces that follow one another with the very same fields, and what they say together. */
interface Layout {
  readonly fields: PartFields;
  /** What the rows say of each field. */
  readonly evidence: ColumnEvidence[];
  /** Questions, with the field, that are answered with no. */
  readonly fails: Set<string>;
}

/** Where a slice is in the source, and the layouts of its pieces. */
export interface FoldedSlice {
  readonly start: number;
  readonly linesBefore: number;
  readonly rowsBefore: number;
  readonly layouts: readonly number[];
}

/** What the surveys of all slices say, taken in one by one in their order: of thousands of alike slices it holds one layout. */
export class FoldedSurveys {
  kind: RawRows['kind'] = 'text';
  rows = 0;
  readonly slices: FoldedSlice[] = [];
  readonly layouts: Layout[] = [];
  /** What rows say of columns that parts add, by name. */
  readonly added = new Map<string, ColumnEvidence>();
  readonly cutNames = new Set<string>();
  #lines = 0;

  /** @param begins  the slice begins with a part */
  add(survey: SliceSurvey, begins: boolean): void {
    this.kind = survey.kind;
    if (begins) this.#lines = 0;
    const layouts = survey.fields.map((fields, piece) => this.#layout(fields, piece, survey.fails));
    for (const { field, of, piece } of survey.evidence) {
      const { evidence } = this.layouts[layouts[piece] ?? -1] ?? { evidence: [] };
      evidence[field] = mergeEvidence(evidence[field] ?? noEvidence, behind(this.rows, of));
    }
    for (const { name, of } of survey.added) {
      this.added.set(name, mergeEvidence(this.added.get(name) ?? noEvidence, behind(this.rows, of)));
    }
    for (const name of survey.cut_names) this.cutNames.add(name);
    this.slices.push({ start: survey.start, linesBefore: this.#lines, rowsBefore: this.rows, layouts });
    this.rows += survey.rows;
    this.#lines += survey.lines;
  }

  /** Whether a question is answered with yes by every value of a field. */
  holds(question: ParquetQuestion, layout: number, field: number): boolean {
    return this.layouts[layout]?.fails.has(failKey(question, field)) !== true;
  }

  #layout(fields: PartFields, piece: number, fails: SliceSurvey['fails']): number {
    if (!isDeepStrictEqual(this.layouts.at(-1)?.fields, fields)) {
      this.layouts.push({ fields, evidence: [], fails: new Set() });
    }
    const layout = this.layouts.length - 1;
    for (const one of fails) {
      if (one.piece === piece) this.layouts[layout]?.fails.add(failKey(one.question, one.field));
    }
    return layout;
  }
}

function failKey(question: ParquetQuestion, field: number): string {
  return `${question} ${field}`;
}
