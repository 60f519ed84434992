/** Formats of the times of a cursor column that have a name. */
export const namedCursorFormats = ['iso8601', 'http_date', 'epoch_seconds', 'epoch_milliseconds', 'json_date'] as const;

export type NamedCursorFormat = (typeof namedCursorFormats)[number];

/** Directives of strptime that are understood. */
export const cursorDirectives = 'YymdeHIMSfpbBaAzZ%';

/** Why a text is no format of a cursor column; undefined where it is one. */
export function cursorFormatProblem(text: string): string | undefined {
  if ((namedCursorFormats as readonly string[]).includes(text)) return undefined;
  const directives = [...text.matchAll(/%(.?)/g)].map((match) => match[1] ?? '');
  const unknown = directives.find((directive) => directive === '' || !cursorDirectives.includes(directive));
  if (directives.length === 0)
    return `must be one of ${namedCursorFormats.join(', ')}, or directives such as "%d/%m/%Y %H:%M"`;
  if (unknown !== undefined) return `has the unknown directive %${unknown}`;
  const has = (names: string): boolean => [...names].some((name) => directives.includes(name));
  if (!has('Yy') || !has('mbB') || !has('de')) return 'needs a year, a month and a day, e.g. "%m/%d/%Y"';
  return undefined;
}
