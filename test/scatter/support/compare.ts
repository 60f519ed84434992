import { expect } from 'vitest';
import type { RejectedRow } from '../../../lib/manifest.ts';
import type { ScatterSizes } from '../../../lib/scatter/pieces.ts';
import { transformScattered } from '../../../lib/scatter/transform-scattered.ts';
import type { TransformRequest, TransformSettings } from '../../../lib/transform/request.ts';
import { expectSame } from '../../support/expect-same.ts';
import { type Input, type Outcome, runTransform, runTransformBy } from '../../transform/support/stage.ts';

/** How the source is cut, and what else is asked for. */
export interface Cut extends Partial<ScatterSizes> {
  readonly settings?: Partial<TransformSettings>;
  readonly more?: Partial<TransformRequest>;
  readonly rejected?: readonly RejectedRow[];
}

/**
 * Cleans a source in one go and in pieces, and compares rows with their ids, counts, rejected rows, columns and all that is told.
 *
 * @throws what both ways throw, with the same words
 */
export async function expectSameInPieces(inputs: readonly Input[] | Input, cut: Cut = {}): Promise<Outcome> {
  const result = await sameInPieces(inputs, cut);
  if (isOutcome(result)) return result;
  throw result;
}

/** The same. @returns what both ways throw, where they do */
export async function sameInPieces(
  inputs: readonly Input[] | Input,
  { bucketBytes, more = {}, partBytes = 2_000, rejected = [], settings = {} }: Cut = {},
): Promise<Error | Outcome> {
  const sizes = { partBytes, bucketBytes: bucketBytes ?? partBytes * 3 };
  const whole = await runTransform(inputs, settings, more, rejected).catch((error: unknown) => error);
  const pieces = await runTransformBy(
    (request) => transformScattered(request, sizes),
    inputs,
    settings,
    more,
    rejected,
  ).catch((error: unknown) => error);
  if (!isOutcome(whole)) {
    if (!(whole instanceof Error)) throw whole;
    expect(pieces).toEqual(whole);
    return whole;
  }
  if (!isOutcome(pieces)) throw pieces;
  expect(told(pieces)).toEqual(told(whole));
  expectSame(inOrder(pieces.rejected), inOrder(whole.rejected));
  expectSame(inOrder(pieces.rows), inOrder(whole.rows));
  return pieces;
}

export function isOutcome(result: unknown): result is Outcome {
  return typeof result === 'object' && result !== null && 'manifest' in result;
}

/** What the manifest says, but for where files are and which rows lie together. */
function told({ manifest }: Outcome): unknown {
  const { buckets, chunks, rejected, ...rest } = manifest;
  const rows = (files: readonly { readonly rows: number }[]): number => files.reduce((sum, file) => sum + file.rows, 0);
  return { ...rest, chunks: rows(chunks), rejected: rows(rejected) };
}

function inOrder<T>(rows: readonly T[]): readonly T[] {
  const keyed = rows.map((row) => ({ key: JSON.stringify(row), row }));
  return keyed.toSorted((one, other) => (one.key < other.key ? -1 : 1)).map(({ row }) => row);
}
