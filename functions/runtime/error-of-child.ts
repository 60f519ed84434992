import { z } from 'zod';
import type { ObjectStore } from '../../lib/object-store.ts';
import type { Run } from '../../lib/run/run.ts';
import { mapFailureKey } from '../../lib/run/store-keys.ts';

/** What a Catch of the state machine is given. */
const errorSchema = z.object({ Error: z.string().optional(), Cause: z.string().optional() });
type ErrorOutput = z.infer<typeof errorSchema>;

/**
 * The error with which a child execution of a distributed map failed, in the place of the parent's, which says only that
 * one did. Children keep it in the staging bucket; where it is not there, or cannot be read, the parent's error stays.
 */
export async function errorOfChild(
  store: Pick<ObjectStore, 'get'>,
  run: Pick<Run, 'run_id'>,
  execution: string,
  error: ErrorOutput,
): Promise<ErrorOutput> {
  if (error.Error !== 'States.ExceedToleratedFailureThreshold') return error;
  try {
    const kept = await store.get(mapFailureKey(run, execution));
    return kept === undefined ? error : errorSchema.parse(JSON.parse(new TextDecoder().decode(kept)));
  } catch {
    return error;
  }
}
