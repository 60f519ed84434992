/** A range of ids, as PostgreSQL orders them. */
export interface IdRange {
  /** The least id that belongs to it; undefined: from the first id. */
  readonly first: string | undefined;
  /** The least id behind it; undefined: to the last id. */
  readonly end: string | undefined;
}

/** How many beginnings of an id there are that buckets tell apart: eight hexadecimal digits. */
export const hexBeginnings = 2 ** 32;

/**
 * The ids of a bucket: a share of all ids as even as their first eight digits allow.
 *
 * @param number  of the bucket, from 0
 * @param of      how many buckets there are, 1 to 2^20
 */
export function idRange(number: number, of: number): IdRange {
  return {
    first: number === 0 ? undefined : idAt(number, of),
    end: number + 1 >= of ? undefined : idAt(number + 1, of),
  };
}

function idAt(number: number, of: number): string {
  const beginning = Math.ceil((number * hexBeginnings) / of);
  return `${beginning.toString(16).padStart(8, '0')}-0000-0000-0000-000000000000`;
}

/** Where the ids of a bucket's rows lie that are in a range, where a bucket is no range of ids. A bucket without rows has none. */
export function rangeKey(prefix: string, range: number, bucket: number): string {
  const padded = (number: number): string => String(number).padStart(5, '0');
  return `${prefix}/range-${padded(range)}/bucket-${padded(bucket)}.parquet`;
}
