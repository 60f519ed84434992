import type { ScatterPlan } from './plan-source.ts';

const hexRange = 2 ** 32;

/** SQL of the bucket of a text that begins with eight hexadecimal digits: an even share of all that there are. */
export function bucketOfHex(text: string, buckets: number): string {
  return buckets === 1 ? '0' : `('0x' || substr(${text}, 1, 8))::UBIGINT * ${buckets} // ${hexRange}`;
}

/** SQL of the bucket of a row by its place in the source, from 1. */
export function bucketOfRow(ordinal: string, { buckets, rows }: Pick<ScatterPlan, 'buckets' | 'rows'>): string {
  return buckets === 1 ? '0' : `(${ordinal} - 1) * ${buckets} // ${Math.max(1, rows)}`;
}
