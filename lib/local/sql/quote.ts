/** A text as an SQL string literal, whatever it holds. */
export function literal(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll("'", "''");
  return `${text.includes('\\') ? ' E' : ''}'${escaped}'`;
}

/** A name in quotes, of whatever length: PostgreSQL cuts it as it would cut the client's. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A SQL expression: the table's regclass, NULL when there is none. Without a schema it is taken for public's. */
export function regclass(schema: string, table: string): string {
  return `to_regclass(${literal(`${quoteName(schema || 'public')}.${quoteName(table)}`)})`;
}
