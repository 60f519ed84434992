/*
 * The state `s` of a row in working relations: what became of it. Numbers from 10 on are reasons for which rows were
 * rejected (`clean/reject-reasons.ts`).
 */

/** Nothing speaks against the row so far. */
export const alive = 0;
/** A filter rule left it out. */
export const filtered = 1;
/** It equals an earlier row in every column of the source. */
export const repeated = 2;
