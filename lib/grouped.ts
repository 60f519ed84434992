/** A whole number with a comma between groups of three digits; `toLocaleString` loads all of Unicode's tables for it. */
export function grouped(value: number | bigint): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
