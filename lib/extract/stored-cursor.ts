import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { SettingsChangedError } from './errors.ts';
import { cursorKey } from './raw-objects.ts';
import type { ExtractRequest } from './request.ts';

/** What every cursor has: the digest of the settings it was begun with. */
interface StoredCursor {
  readonly settings: string;
}

/** Stands for what decides which rows are read and what they mean; the rest of a pipeline may change during a run. */
export function digestOf(deciding: unknown): string {
  return createHash('sha256').update(JSON.stringify(deciding)).digest('hex');
}

/**
 * How far an earlier call of the same run came; undefined where none has left a cursor.
 *
 * @param settings  digest of the settings as they are now
 * @throws {SettingsChangedError} terminal: the run began with others
 */
export async function fetchCursor<C extends StoredCursor>(
  { pipeline, prefix, store }: ExtractRequest,
  schema: z.ZodType<C>,
  settings: string,
): Promise<C | undefined> {
  const stored = await store.get(cursorKey(prefix));
  if (stored === undefined) return undefined;
  const cursor = schema.parse(JSON.parse(Buffer.from(stored).toString()));
  if (cursor.settings !== settings) throw new SettingsChangedError(pipeline.name);
  return cursor;
}

/** Keeps the cursor for the next call. What it counts as done must be durable already. */
export async function keepCursor({ prefix, store }: ExtractRequest, cursor: StoredCursor): Promise<void> {
  await store.put(cursorKey(prefix), `${JSON.stringify(cursor)}\n`);
}
