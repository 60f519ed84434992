import { z } from 'zod';

/** Directives of strptime that DuckDB reads; `-` behind the % leaves out leading zeros. */
const directives = 'aAbBhcdfgnGuVHIjmMpSUwWxXyYzZT%';
/** Directives of which each alone is a whole date. */
const wholeDates = 'cx';

/** Why a text is no format of dates; undefined where it is one. */
export function dateFormatProblem(text: string): string | undefined {
  const used = [...text.matchAll(/%-?(.?)/gs)].map((match) => match[1] ?? '');
  if (used.length === 0) {
    return 'has no directive such as %Y; write e.g. "%d/%m/%Y" for DD/MM/YYYY';
  }
  const unknown = used.find((directive) => directive === '' || !directives.includes(directive));
  if (unknown === 's')
    return 'has the directive %s; load seconds since 1970 as a number, and make a time of it in a rule';
  if (unknown !== undefined) return `has the unknown directive %${unknown}`;
  const has = (names: string): boolean => [...names].some((name) => used.includes(name));
  const day = has('j') || (has('mbBh') && has('d')) || (has('UW') && has('awAu')) || (has('V') && has('uaAw'));
  if (has(wholeDates) || (has('YyG') && day)) return undefined;
  return 'needs a year, a month and a day, e.g. "%d/%m/%Y"';
}

/** A strptime format of dates, or of dates with a time. */
export const dateFormatSchema = z.string().superRefine((text, context) => {
  const problem = dateFormatProblem(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});
