import type { Split } from './split.ts';
import type { SliceSurvey } from './survey-slice.ts';

/**
 * Slices of CSV that were read from another byte than the one behind the records before them, each with that byte as far
 * as it is known. Read again from there until there is none, the slices have the records that a walk over the whole has.
 */
export function wrongStarts(
  { slices }: Pick<Split, 'slices'>,
  surveys: readonly SliceSurvey[],
): readonly { readonly number: number; readonly start: number }[] {
  return slices.flatMap(([piece], number) => {
    const before = surveys[number - 1];
    const own = surveys[number];
    if (piece === undefined || piece.begins || before === undefined || own?.kind !== 'text') return [];
    return own.start === before.end ? [] : [{ number, start: before.end }];
  });
}
