import type { RawPart, Watermark } from '../../manifest.ts';
import { fileLines } from '../file-lines.ts';
import { BoundarySet } from '../incremental/boundary.ts';
import { compareCursors, cursorValueOf } from '../incremental/cursor-value.ts';
import { BoundaryUnclearError } from '../incremental/errors.ts';
import type { RowGate } from '../incremental/row-gate.ts';
import { PartWriter, rawPartName, type SealedPart } from '../part-writer.ts';
import type { ExtractRequest } from '../request.ts';
import type { ApiCursor } from './api-cursor.ts';

/** What became of the rows that equal the last watermark. */
export interface SettledBoundary {
  /** With the new ones among them as further parts. */
  readonly cursor: ApiCursor;
  /** What tells the new ones from others. */
  readonly added: readonly Buffer[];
}

/**
 * Finds among the rows that equal the last watermark those that no run has loaded, now that all of them are known.
 *
 * @throws {BoundaryUnclearError} when they cannot be told apart
 * Killed midway: the next call does it again and writes the same part.
 */
export async function settleBoundary(
  request: ExtractRequest,
  watermark: Watermark,
  cursor: ApiCursor,
  gate: RowGate,
  partOf: (part: SealedPart) => RawPart,
): Promise<SettledBoundary> {
  async function* lines(): AsyncGenerator<Buffer> {
    for (const location of cursor.progress.held) yield* fileLines(await request.store.localPath(location));
  }
  async function* keys(): AsyncGenerator<Buffer> {
    for await (const line of lines()) yield gate.key(line);
  }
  const loaded = watermark.boundary === undefined ? undefined : new BoundarySet(watermark.boundary);
  const missing = await loaded?.missingFrom(keys);
  if (missing === undefined) throw new BoundaryUnclearError(gate.column, watermark.value, watermark.boundary_rows);
  const left = new Map(missing);
  const added: Buffer[] = [];
  let others = 0;
  const writer = new PartWriter(request.store, rawPartName(request.prefix, 'ndjson'), cursor.parts.length);
  try {
    for await (const line of lines()) {
      const key = gate.key(line);
      const text = key.toString('base64');
      const count = left.get(text) ?? 0;
      if (count === 0) {
        others += 1;
        continue;
      }
      left.set(text, count - 1);
      added.push(key);
      await writer.write(line);
    }
    const parts = (await writer.seal()).map(partOf);
    const progress = { ...cursor.progress, held: [], already_loaded: cursor.progress.already_loaded + others };
    return {
      cursor: { ...cursor, parts: [...cursor.parts, ...parts], rows: cursor.rows + added.length, progress },
      added,
    };
  } finally {
    await writer.discard();
  }
}

/** The watermark after a complete extraction: never before the last one. */
export function watermarkAfter(
  column: string,
  last: Watermark | undefined,
  cursor: ApiCursor,
  added: readonly Buffer[],
): Watermark | undefined {
  const { newest } = cursor.progress;
  const top = newest === undefined ? undefined : cursorValueOf(newest.value, newest.type);
  const before = last === undefined ? undefined : cursorValueOf(last.value, last.type);
  const moved = top !== undefined && (before === undefined || compareCursors(top, before) > 0);
  if (newest !== undefined && moved) return { cursor_column: column, ...newest };
  if (last === undefined || added.length === 0 || last.boundary === undefined) return last;
  const boundary = new BoundarySet(last.boundary);
  for (const key of added) boundary.add(key);
  return { ...last, boundary_rows: last.boundary_rows + added.length, boundary: boundary.toJSON() };
}
