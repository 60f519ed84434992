import { triggerSchema } from '../config/deploy.ts';
import type { PipelineSettings } from '../config/pipeline.ts';
import type { WaitingObject } from '../state/landed-object.ts';

/** The most that one run takes; what is more waits for the next one. */
export interface ObjectLimits {
  readonly maxObjects: number;
  readonly maxBytes: number;
}

/** The limits of a pipeline; those of a trigger that says nothing where it has none. */
export function limitsOf({ trigger }: Pick<PipelineSettings, 'trigger'>): ObjectLimits {
  const { max_bytes: maxBytes, max_objects: maxObjects } = trigger ?? triggerSchema.parse({ bucket: 'any' });
  return { maxBytes, maxObjects };
}

/**
 * The first of the waiting objects that fit into one run, in their order, at least one where there is one. After a run
 * that failed its objects come in smaller groups, so that the one to blame is found.
 */
export function chooseObjects<T extends Pick<WaitingObject, 'bytes' | 'together'>>(
  waiting: readonly T[],
  { maxBytes, maxObjects }: ObjectLimits,
): readonly T[] {
  let most = maxObjects;
  let bytes = 0;
  const chosen: T[] = [];
  for (const object of waiting) {
    most = Math.min(most, object.together ?? maxObjects);
    bytes += object.bytes;
    if (chosen.length > 0 && (chosen.length >= most || bytes > maxBytes)) break;
    chosen.push(object);
  }
  return chosen;
}

/** What to do about the objects of a run that failed. */
export type Verdict =
  /** The same objects again, after a while: the failure says nothing about them. */
  | { readonly kind: 'again'; readonly delayMinutes: number }
  /** In smaller groups: one of them may be to blame. */
  | { readonly kind: 'apart'; readonly alone: readonly string[]; readonly together?: number | undefined }
  /** The one object of the run is to blame: once more, or not any more. */
  | { readonly kind: 'blamed'; readonly object: WaitingObject; readonly setAside: boolean };

/** Why a run failed, as far as its objects are concerned. */
export interface ObjectFailure {
  /** Whether the failure may be because of an object: not of a service, a conflict, or a person. */
  readonly perhapsTheirs: boolean;
  readonly message: string;
  /** Someone stopped the run. */
  readonly stopped: boolean;
}

/** Runs of one object that must have failed because of it before it is set aside. */
export const maxTries = 3;

/** How long an execution that was stopped by hand stays stopped. */
const stoppedMinutes = 15;
const maxDelayMinutes = 60;

/** @param taken  all objects of the run, in order; not empty */
export function judgeObjects(taken: readonly WaitingObject[], failure: ObjectFailure): Verdict {
  const [first] = taken;
  if (first === undefined || !failure.perhapsTheirs) {
    const failures = (first?.failures ?? 0) + 1;
    const delay = Math.min(maxDelayMinutes, 2 ** Math.min(failures, 10));
    return { kind: 'again', delayMinutes: failure.stopped ? Math.max(stoppedMinutes, delay) : delay };
  }
  if (taken.length === 1) {
    return { kind: 'blamed', object: first, setAside: (first.tries ?? 0) + 1 >= maxTries };
  }
  const named = taken.filter(({ bucket, key }) => failure.message.includes(`s3://${bucket}/${key}`));
  if (named.length > 0 && named.length < taken.length) {
    return { kind: 'apart', alone: named.map(({ objectId }) => objectId) };
  }
  return { kind: 'apart', alone: [], together: Math.floor(taken.length / 2) };
}
