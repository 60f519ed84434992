import { z } from 'zod';
import { chunkGroups, loadMapOf } from '../lib/load/chunk-groups.ts';
import { storedChunks } from '../lib/load/chunk-session.ts';
import { concludePieces, requireNothingMissing } from '../lib/load/conclude.ts';
import { TableVanishedError } from '../lib/load/errors.ts';
import { loadModes } from '../lib/load/load-modes.ts';
import { pieceCounts, pieceWorks, workOnPieces } from '../lib/load/piece-work.ts';
import type { TargetTable } from '../lib/load/target-table.ts';
import type { Plan } from '../lib/manifest.ts';
import { cleanRows, concludeRequest, concludeStage, followUpStage } from '../lib/run/conclude-stage.ts';
import type { Run } from '../lib/run/run.ts';
import type { RunContext } from '../lib/run/run-context.ts';
import { admitStage, loadStage, prepareStage, presentTable } from '../lib/run/stages.ts';
import { partBytesOf } from '../lib/scatter/pieces.ts';
import { inLoadSlot } from '../lib/state/load-slot.ts';
import type { TransformResult } from '../lib/transform-result.ts';
import { StageInterruptedError } from './runtime/errors.ts';
import { stageShape } from './runtime/events.ts';
import type { Invocation } from './runtime/invocation.ts';
import { withMiddleware } from './runtime/middleware.ts';
import { abortBefore, openService } from './runtime/service.ts';
import { holdStage } from './runtime/stage-context.ts';
import { loadedRows, requireManifest, requireRaw } from './runtime/stage-results.ts';

const service = openService((deploy) => deploy.load_connections);

const eventSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('admit'), ...stageShape }),
  z.strictObject({ action: z.literal('prepare'), ...stageShape }),
  z.strictObject({
    action: z.literal('load'),
    ...stageShape,
    /** Numbers of the first chunk and of the one behind the last. */
    from: z.int().min(0),
    to: z.int().min(0),
    conflict_retries: z.int().min(0),
    /** Calls before this one that found no slot; the machine of a release before does not count them. */
    waits: z.int().min(0).default(0),
    /** The table had no row when it was prepared; the machine of a release before does not say it. */
    was_empty: z.boolean().default(false),
  }),
  z.strictObject({ action: z.literal('conclude'), ...stageShape }),
  z.strictObject({
    action: z.literal('pieces'),
    ...stageShape,
    work: z.enum(pieceWorks),
    /** As `PieceRequest` has them. */
    from: z.int().min(0),
    to: z.int().min(0),
    rows: z.int().min(0),
    after: z.string().nullable(),
    waits: z.int().min(0),
  }),
  /** When rows of the table were counted that the source does not have, before the load. */
  z.strictObject({ action: z.literal('checked'), ...stageShape, missing: z.int().min(0) }),
  z.strictObject({ action: z.literal('follow_up'), ...stageShape }),
  z.strictObject({
    action: z.literal('conclude_pieces'),
    ...stageShape,
    takes: z.enum(['count', 'delete']).nullable(),
    rows_taken: z.int().min(0),
    rows_found: z.int().min(0).nullable(),
  }),
]);

type LoadEvent = Extract<z.infer<typeof eventSchema>, { action: 'load' }>;
type SlotEvent = Extract<z.infer<typeof eventSchema>, { action: 'load' | 'pieces' }>;

/**
 * Loads chunks into the target. Before the table is made it keeps the rejected rows and refuses too many of them; before
 * the chunks it gets the table ready, and after them takes away, indexes and verifies.
 */
export const handler = withMiddleware(eventSchema, async (event, invocation) => {
  const interrupted = new StageInterruptedError(event.action);
  const signal = abortBefore(invocation, interrupted);
  const context = await holdStage(service, 'load', event, signal);
  const plan = await requireManifest(context, event.run);
  const run = event.run;
  const result: TransformResult = { plan, chunks: storedChunks(context.store, plan) };
  switch (event.action) {
    case 'admit':
      await admitStage(context, run, result);
      return { admitted: true };
    case 'prepare': {
      const { indexes, load_mode, verify } = context.pipeline.settings;
      const raw = await requireRaw(context, run);
      const map = loadMapOf(Math.max(raw.bytes_read, partBytesOf(raw)), service.config.deploy);
      const byBucket = map === 'distributed' && plan.buckets !== undefined;
      const prepared = await prepareStage(context, run, result, { countsLater: byBucket });
      const { table, warnings, wasEmpty } = prepared;
      const pieces = byBucket && table !== undefined ? pieceCounts(cleanRows(context, result, table)) : undefined;
      return {
        groups: chunkGroups(plan.chunks.length, map),
        distributed: map === 'distributed',
        warnings,
        was_empty: wasEmpty,
        index: table !== undefined && indexes.length > 0,
        by_bucket: pieces !== undefined,
        pieces: chunkGroups(pieces?.table ?? 0),
        buckets: chunkGroups(pieces?.buckets ?? 0),
        check: prepared.counts,
        conclude: table !== undefined && (loadModes[load_mode].deletesMissing || verify !== 'off'),
      };
    }
    case 'load':
      return await inSlot(context, event, stillToDo(event), () =>
        loadGroup(context, event, result, { run, signal, invocation }),
      );
    case 'conclude':
      return await concludeStage(context, run, result, await tableOf(context, plan), await loadedRows(context, run));
    case 'pieces': {
      const request = concludeRequest(context, run, result, await requireTable(context));
      const { after, from, rows } = event;
      return await inSlot(context, event, { after, from, rows, complete: false }, () =>
        workOnPieces(request, event, signal),
      );
    }
    case 'checked': {
      const rejected = { rows: plan.counts.rows_rejected, by: 'transform' } as const;
      await requireNothingMissing(cleanRows(context, result, await requireTable(context)), event.missing, rejected);
      return { checked: true };
    }
    case 'follow_up':
      return await followUpStage(context, run, result, await requireTable(context), await loadedRows(context, run));
    case 'conclude_pieces': {
      const { rows_found: rowsFound, rows_taken: rowsTaken, takes } = event;
      const loaded = await loadedRows(context, run);
      const request = concludeRequest(context, run, result, await requireTable(context), loaded);
      return await concludePieces(request, { takes, rowsTaken, rowsFound });
    }
  }
});

/** How far a group of chunks is loaded, as the state machine goes on with it. */
interface GroupProgress {
  readonly from: number;
  readonly complete: boolean;
  readonly conflict_retries: number;
  /** Calls in a row that found no slot; the state machine waits before the next one. */
  readonly waits: number;
}

/** How far a group is of which this call has done nothing. */
function stillToDo({ conflict_retries, from }: LoadEvent): Omit<GroupProgress, 'waits'> {
  return { from, complete: false, conflict_retries };
}

/** Works in one of the slots that bound the connections of all load functions; says so where none is free. */
async function inSlot<T extends object>(
  context: RunContext,
  event: SlotEvent,
  stands: T,
  work: () => Promise<T>,
): Promise<T & { readonly waits: number }> {
  const request = {
    slots: service.config.deploy.max_load_functions,
    holder: `${event.execution.id} to ${event.to}`,
    runId: event.run.run_id,
  };
  const done = await inLoadSlot(context.target, request, work);
  return done === undefined ? { ...stands, waits: event.waits + 1 } : { ...done, waits: 0 };
}

/** Loads chunk after chunk, and returns where it stopped when the time was up. The ledger holds what is loaded. */
async function loadGroup(
  context: RunContext,
  event: LoadEvent,
  result: TransformResult,
  call: { readonly run: Run; readonly signal: AbortSignal; readonly invocation: Invocation },
): Promise<Omit<GroupProgress, 'waits'>> {
  const table = await requireTable(context);
  let conflicts = event.conflict_retries;
  for (let chunk = event.from; chunk < event.to; chunk += 1) {
    try {
      const loaded = await loadStage(context, call.run, result, { table, wasEmpty: event.was_empty }, [chunk]);
      conflicts += loaded.conflict_retries;
    } catch (error) {
      if (!call.signal.aborted) throw error;
      return { from: chunk, complete: false, conflict_retries: conflicts };
    }
  }
  return { from: event.to, complete: true, conflict_retries: conflicts };
}

/** The table of a run, which may be missing where the run has no rows. */
async function tableOf(context: RunContext, plan: Plan): Promise<TargetTable | undefined> {
  return plan.counts.rows_clean === 0 ? await presentTable(context) : await requireTable(context);
}

async function requireTable(context: RunContext): Promise<TargetTable> {
  const table = await presentTable(context);
  if (table === undefined) throw new TableVanishedError(context.pipeline.settings.target_table);
  return table;
}
