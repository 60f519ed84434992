import type { ScatterJob } from './job.ts';
import type { Split } from './split.ts';
import { isSurveyed, type SliceSurvey, surveySlice } from './survey-slice.ts';

/** A slice that is to be surveyed. */
export interface SliceToSurvey {
  readonly slice: number;
  /** Where its first record begins; a likely place where it is left out. */
  readonly start?: number | undefined;
}

/**
 * The surveys of all slices, each read from where the records before it end, and the slices of which there is none from
 * there yet. Surveyed until there is no such slice, they have the records that a walk over the whole has.
 */
export async function settledSurveys(
  job: ScatterJob,
  split: Split,
): Promise<{ readonly surveys: readonly SliceSurvey[]; readonly again: readonly SliceToSurvey[] }> {
  const surveys: SliceSurvey[] = [];
  const again: SliceToSurvey[] = [];
  for (const [slice, [piece]] of split.slices.entries()) {
    const guessed = await surveySlice(job, split, slice);
    const before = surveys.at(-1);
    const start =
      before === undefined || piece?.begins === true || guessed.kind !== 'text' ? guessed.start : before.end;
    if (guessed.start === start) {
      surveys.push(guessed);
    } else if (await isSurveyed(job, slice, start)) {
      surveys.push(await surveySlice(job, split, slice, start));
    } else {
      // Wherever it begins, it likely ends at the same byte.
      surveys.push(guessed);
      again.push({ slice, start });
    }
  }
  return { surveys, again };
}
