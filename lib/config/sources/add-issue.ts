import type { z } from 'zod';

/** Reports a problem at a path below the object that is being checked. */
export type AddIssue = (path: readonly PropertyKey[], message: string) => void;

export function issueAdder(context: z.core.$RefinementCtx): AddIssue {
  return (path, message) => context.addIssue({ code: 'custom', path: [...path], message });
}
