import type { Plan } from '../manifest.ts';
import type { RefusedGroup } from '../state/rejected-rows.ts';

/** Reasons that are told; the others are in `etl_rejected_row`. */
const maxTexts = 5;

/** Why rows were rejected, one sentence for each column and reason, with the place of the first row. No values. */
export function rejectionTexts({ rejections }: Pick<Plan, 'rejections'>): readonly string[] {
  return (rejections ?? []).slice(0, maxTexts).map(({ column_name, reason, row_number, rows, source }) => {
    const count = `${rowsWere(rows)} rejected`;
    const sentence = reason.replace(/\.$/, '');
    const what = column_name === null ? sentence : `${column_name} ${sentence}`;
    const place = row_number === null ? source : `${source}, row ${row_number}`;
    return `${count}: ${what} (first: ${place}).`;
  });
}

/** Why the database refused rows, in its own words, which name no values. */
export function refusedTexts(groups: readonly RefusedGroup[]): readonly string[] {
  return groups
    .slice(0, maxTexts)
    .map(({ first, reason, rows }) => `${rowsWere(rows)} refused by the database: ${reason} (first: ${first}).`);
}

function rowsWere(rows: number): string {
  return `${rows.toLocaleString('en')} ${rows === 1 ? 'row was' : 'rows were'}`;
}
