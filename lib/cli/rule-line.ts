import type { RuleCount } from '../manifest.ts';

/** What a business rule did with the rows that came to it, in a line. */
export function ruleLine({ number, rows_filtered, rows_rejected, text, type }: RuleCount): string {
  const counts = `${rows_filtered.toLocaleString('en')} filtered, ${rows_rejected.toLocaleString('en')} rejected`;
  return `rule ${number} (${type}: ${text}): ${counts}`;
}
