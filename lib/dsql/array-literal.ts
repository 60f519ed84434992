/**
 * Texts as one PostgreSQL array literal. The load's own are made inside DuckDB; this is for the few made here. The
 * parameter is to be of the array's type (`$1::uuid[]`): of a text that is cast (`$1::text::uuid[]`) the database makes the
 * array anew for every row that it compares. Arrays of more than a few values are unnested, so that they are hashed.
 */
export function arrayLiteral(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`;
}
