import { z } from 'zod';
import type { Preview } from '../../preview/preview.ts';
import type { ReplayPreview } from '../../preview/preview-replay.ts';
import type { RunResult } from '../../run/result.ts';
import type { RunProgress } from '../../run/run-context.ts';
import type { UndoResult } from '../../run/undo.ts';

const name = z.string().min(1).max(200);

/** What the page may ask for. What begins with `preview_` writes nothing. */
export const actDemandSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('preview_run'),
    pipeline: name,
    /** Rows of the source to look at, at most; null for all. */
    rows: z.int().min(1).nullable(),
    again: z.boolean(),
  }),
  z.strictObject({ kind: z.literal('run'), pipeline: name, again: z.boolean() }),
  z.strictObject({ kind: z.literal('preview_replay'), pipeline: name, run: name }),
  z.strictObject({ kind: z.literal('replay'), pipeline: name, run: name }),
  z.strictObject({ kind: z.literal('preview_undo'), pipeline: name, run: name }),
  z.strictObject({
    kind: z.literal('undo'),
    pipeline: name,
    run: name,
    /** What the confirmation named; another number of rows is not deleted. */
    rows: z.int().min(0),
  }),
]);

export type ActDemand = z.infer<typeof actDemandSchema>;

/** What taking a run back would delete. */
export interface UndoPreview {
  readonly run: string;
  readonly pipeline: string;
  readonly table: string;
  readonly rows: number;
}

/** How an act ended. */
export type ActOutcome =
  | { readonly kind: 'preview_run'; readonly preview: Preview }
  | { readonly kind: 'run'; readonly result: RunResult }
  | { readonly kind: 'preview_replay'; readonly replay: ReplayPreview }
  | { readonly kind: 'replay'; readonly result: RunResult | undefined }
  | { readonly kind: 'preview_undo'; readonly undo: UndoPreview }
  | { readonly kind: 'undo'; readonly result: UndoResult }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** Does an act in a process of its own. Never throws: a failure is an outcome. */
export type PerformAct = (
  demand: ActDemand,
  onProgress: (progress: RunProgress, pid: number | undefined) => void,
  signal: AbortSignal,
) => Promise<ActOutcome>;

/** An act, as far as it is. */
export interface Act {
  readonly id: string;
  readonly demand: ActDemand;
  readonly state: 'waiting' | 'working' | 'done';
  readonly began: Date;
  readonly progress?: RunProgress | undefined;
  /** The process that does it; known once it has told its progress. */
  readonly pid?: number | undefined;
  readonly outcome?: ActOutcome | undefined;
}
