import type { Plan } from '../manifest.ts';

/** Reasons that are told; the others are in `etl_rejected_row`. */
const maxTexts = 5;

/** Why rows were rejected, one sentence for each column and reason, with the place of the first row. No values. */
export function rejectionTexts({ rejections }: Pick<Plan, 'rejections'>): readonly string[] {
  return (rejections ?? []).slice(0, maxTexts).map(({ column_name, reason, row_number, rows, source }) => {
    const count = `${rows.toLocaleString('en')} ${rows === 1 ? 'row was' : 'rows were'} rejected`;
    const what = column_name === null ? reason : `${column_name} ${reason}`;
    const place = row_number === null ? source : `${source}, row ${row_number}`;
    return `${count}: ${what} (first: ${place}).`;
  });
}
