import { createHash } from 'node:crypto';
import { quoteText } from '../../duckdb/quote.ts';

/*
 * Ids are UUIDs of RFC 9562 version 8, whose bits the maker decides about. The same row gets the same id in every run.
 * Each function gives a SQL expression of type VARCHAR: the UUID as PostgreSQL writes it.
 */

/**
 * The id of a row without key columns: of the source's content and the row's place in it. The first 48 bits tell the
 * rows of a source apart and scatter them, whoever follows whom, evenly over all keys; the other 74 tell sources apart.
 *
 * @param ordinal  SQL of the row's place in the source, 1-based, below 2^40
 */
export function ordinalId(sourceFingerprint: string, ordinal: string): string {
  const source = createHash('sha256').update(`row:${sourceFingerprint}`).digest('hex');
  // An odd factor moves no two places of a source to one, and this one spreads them: 2^48 over the golden ratio.
  const place = `((${BigInt(`0x${source.slice(0, 12)}`)}::HUGEINT + (${ordinal}) * ${scatter}::HUGEINT) & ${places - 1n}::HUGEINT)`;
  // The digit before the others keeps their leading zeros.
  const digits = `lower(to_hex((${place} + ${places})::UBIGINT))`;
  const variant = '89ab'.charAt(Number.parseInt(source.charAt(16), 16) % 4);
  const rest = `-8${source.slice(13, 16)}-${variant}${source.slice(17, 20)}-${source.slice(20, 32)}`;
  return `concat(substr(${digits}, 2, 8), '-', substr(${digits}, 10, 4), ${quoteText(rest)})`;
}

const places = 2n ** 48n;
const scatter = 0x9e3779b97f4bn;

/**
 * The id of a row with key columns: of their values alone, so that the same key has the same id in every run and from
 * every source. From the SHA-256 of a name, which is each value's text behind its length, so that no two lists of values
 * give the same name. The text is the same whichever type holds the value: 1, 1.0 and 1.00 are one key.
 */
export function keyId(keys: readonly { readonly id: string; readonly duckType: string }[]): string {
  const pieces = keys.map(({ id, duckType }) => {
    const text = canonicalText(id, duckType);
    return `CASE WHEN ${id} IS NULL THEN '-' ELSE concat(length(${text}), ':', ${text}) END`;
  });
  const hash = `sha256(concat('key:', ${pieces.join(", ',', ")}))`;
  const digits = (from: number, count: number): string => `substr(${hash}, ${from}, ${count})`;
  // The variant's two bits 10 over two bits of the hash.
  const variant = `substr('89ab', (ascii(${digits(17, 1)}) % 4) + 1, 1)`;
  return `concat(${digits(1, 8)}, '-', ${digits(9, 4)}, '-8', ${digits(14, 3)}, '-', ${variant}, ${digits(18, 3)}, '-', ${digits(21, 12)})`;
}

/** SQL of a value's text, the same whichever type of its kind holds it. */
export function canonicalText(id: string, duckType: string): string {
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
