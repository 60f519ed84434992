import { quoteText } from '../duckdb/quote.ts';

/**
 * A SQL expression of type UUID: RFC 9562 version 8, of the SHA-256 of a row's name. With key columns the name is made
 * of their values, so that the same key has the same id in every run and from every source; without, of the source's
 * content and the row's place in it.
 */
export function rowId(name: string): string {
  const hash = `sha256(${name})`;
  // Version nibble 8; the variant's two bits 10 over two bits of the hash.
  const variant = `substr('89ab', (ascii(${hash}[17:17]) % 4) + 1, 1)`;
  return `concat(${hash}[1:12], '8', ${hash}[14:16], ${variant}, ${hash}[18:32])::UUID`;
}

/** The name of a row without key columns; `ordinal` is SQL of its place in the source, 1-based. */
export function ordinalName(sourceFingerprint: string, ordinal: string): string {
  return `${quoteText(`row:${sourceFingerprint}:`)} || ${ordinal}`;
}

/**
 * The name of a row with key columns: each value's text behind its length, so that no two lists of values give the same
 * name. The text is the same whichever type holds the value: 1, 1.0 and 1.00 are one key.
 */
export function keyName(keys: readonly { readonly id: string; readonly duckType: string }[]): string {
  const pieces = keys.map(({ id, duckType }) => {
    const text = canonicalText(id, duckType);
    return `CASE WHEN ${id} IS NULL THEN '-' ELSE length(${text}) || ':' || ${text} END`;
  });
  return `'key:' || ${pieces.join(" || ',' || ")}`;
}

function canonicalText(id: string, duckType: string): string {
  if (/^(DECIMAL|FLOAT|DOUBLE)/.test(duckType)) {
    const text = `${id}::VARCHAR`;
    const trimmed = `CASE WHEN contains(${text}, '.') AND NOT contains(${text}, 'e') THEN rtrim(rtrim(${text}, '0'), '.') ELSE ${text} END`;
    return `CASE WHEN ${id} = 0 THEN '0' ELSE ${trimmed} END`;
  }
  if (duckType === 'TIMESTAMP') {
    return `strftime(${id}, '%Y-%m-%dT%H:%M:%S.%f')`;
  }
  if (duckType === 'TIMESTAMPTZ') {
    return `strftime(${id} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')`;
  }
  return `${id}::VARCHAR`;
}
