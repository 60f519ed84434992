/*
 * The state `s` of a row in working relations: what became of it. Numbers from 10 on are reasons for which rows were
 * rejected (`clean/reject-reasons.ts`), negative ones are rules that left rows out.
 */

/** Nothing speaks against the row so far. */
export const alive = 0;
/** It equals an earlier row in every column of the source. */
export const repeated = 2;
/** Its record has no element to make a row of, and the configuration leaves such records out. */
export const elementless = 3;

/** The business rule of this number, from 1, left it out. */
export function filteredBy(rule: number): number {
  return -rule;
}
