import { FoldedSurveys } from './fold-surveys.ts';
import { inTurn } from './in-turn.ts';
import type { ScatterJob } from './job.ts';
import { readSlices } from './split.ts';
import { readSurvey, type SliceSurvey } from './survey-slice.ts';

/** A slice that is to be surveyed. */
export interface SliceToSurvey {
  readonly slice: number;
  /** Where its first record begins; a likely place where it is left out. */
  readonly start?: number | undefined;
}

/**
 * The surveys of all slices, each read from where the records before it end, or the slices of which there is none from
 * there yet. Surveyed until there is no such slice, they have the records that a walk over the whole has.
 */
export async function settleSurveys(
  job: ScatterJob,
): Promise<{ readonly again: readonly SliceToSurvey[] } | { readonly surveys: FoldedSurveys }> {
  const slices = await readSlices(job);
  const surveys = new FoldedSurveys();
  const again: SliceToSurvey[] = [];
  let before: SliceSurvey | undefined;
  let slice = -1;
  for await (const guessed of inTurn(slices.length, async (number) => await readSurvey(job, number))) {
    slice += 1;
    if (guessed === undefined) {
      again.push({ slice });
      before = undefined;
      continue;
    }
    const begins = slices[slice]?.pieces[0]?.begins === true;
    const start = before === undefined || begins || guessed.kind !== 'text' ? guessed.start : before.end;
    const survey = guessed.start === start ? guessed : await readSurvey(job, slice, start);
    if (survey === undefined) again.push({ slice, start });
    // Wherever it begins, it likely ends at the same byte.
    before = survey ?? guessed;
    if (again.length === 0) surveys.add(before, begins);
  }
  return again.length > 0 ? { again } : { surveys };
}
