import type { Clock } from '../clock.ts';
import { EtlError } from '../errors.ts';
import { ConflictRetriesExhaustedError, TargetUnavailableError } from './errors.ts';
import { classifyFailure, type DatabaseFailure, isSchemaChange } from './failure.ts';

/**
 * Longest waits before the retries, in milliseconds; each wait is drawn evenly from 0 to it (full jitter). The article's
 * ladder of 1, 2, 4 s, with a fast retry before, because most conflicts have passed by then, and three more after.
 */
export const retryCeilingsMs = [50, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000] as const;

/**
 * Longest wait after OC001, the answer to a transaction whose connection has not heard of a change of the schema, and how
 * many of them do not count as attempts: each connection gives it once, and a pool has 30 of them at most (DESIGN.md,
 * D9), of which a retry may get one after the other.
 */
const schemaChanges = { ceilingMs: 500, most: 40 } as const;

export interface RetryContext {
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal?: AbortSignal | undefined;
  /** Told of each retry before the wait. */
  readonly onRetry?: ((failure: DatabaseFailure) => void) | undefined;
}

/**
 * Runs `attempt` until it passes, meets a failure that a repetition does not change, or has been tried eight times, not
 * counting those that only told of a changed schema.
 * After an `unknown` failure the attempt itself has to find out whether its former COMMIT took effect.
 *
 * @param what  the subject of error messages, e.g. `Batch 3 of chunk 1`
 * @throws {ConflictRetriesExhaustedError} transient: conflicts only
 * @throws {TargetUnavailableError} transient: connections or the server kept failing
 * @throws the driver's error for everything else, to be read by the caller
 */
export async function withRetries<T>(what: string, context: RetryContext, attempt: () => Promise<T>): Promise<T> {
  let tried = 0;
  let told = 0;
  for (;;) {
    context.signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof EtlError) throw error;
      const failure = classifyFailure(error);
      if (failure.class !== 'conflict' && failure.class !== 'unknown') throw error;
      const free = isSchemaChange(failure) && told < schemaChanges.most;
      if (free) told += 1;
      else tried += 1;
      const ceiling = free ? schemaChanges.ceilingMs : retryCeilingsMs[tried - 1];
      if (ceiling === undefined) {
        throw failure.class === 'conflict'
          ? new ConflictRetriesExhaustedError(what, tried + told, { cause: error })
          : new TargetUnavailableError(what, tried, failure.words, { cause: error });
      }
      context.onRetry?.(failure);
      await context.clock.sleep(Math.ceil(context.random() * ceiling), context.signal);
    }
  }
}
