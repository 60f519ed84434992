/**
 * Edits a text at several places, the last one first, so that the others stay where they are.
 *
 * @param places  in bytes of UTF-8, as PostgreSQL's parser counts
 * @param edit    gives what the text from a place on becomes
 */
export function editAt(sql: string, places: readonly number[], edit: (rest: string) => string): string {
  if (places.length === 0) return sql;
  const bytes = Buffer.from(sql);
  return places
    .toSorted((a, b) => b - a)
    .reduce((text, place) => {
      const start = bytes.toString('utf8', 0, place).length;
      return `${text.slice(0, start)}${edit(text.slice(start))}`;
    }, sql);
}
