/** Texts as one PostgreSQL array literal. The load's own are made inside DuckDB; this is for the few made here. */
export function arrayLiteral(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`;
}
