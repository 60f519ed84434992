import { hexBeginnings } from '../id-range.ts';
import type { ScatterPlan } from './plan-source.ts';

/** SQL of the bucket of a text that begins with eight hexadecimal digits: of an id, the one whose `idRange` has it. */
export function bucketOfHex(text: string, buckets: number): string {
  return buckets === 1 ? '0' : `('0x' || substr(${text}, 1, 8))::UBIGINT * ${buckets} // ${hexBeginnings}`;
}

/** SQL of the bucket of a row by its place in the source, from 1. */
export function bucketOfRow(ordinal: string, { buckets, rows }: Pick<ScatterPlan, 'buckets' | 'rows'>): string {
  return buckets === 1 ? '0' : `(${ordinal} - 1) * ${buckets} // ${Math.max(1, rows)}`;
}
