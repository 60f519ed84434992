import { rm } from 'node:fs/promises';
import { z } from 'zod';
import type { RawManifest } from '../lib/manifest.ts';
import { findPlan, keepPlan } from '../lib/run/kept-plan.ts';
import type { Run } from '../lib/run/run.ts';
import type { RunContext } from '../lib/run/run-context.ts';
import { prefixOf } from '../lib/run/store-keys.ts';
import { requestBesideTarget, sourceFolder, transformRequest } from '../lib/run/transform-stage.ts';
import { type ScatterJob, scatterJob } from '../lib/scatter/job.ts';
import { keepJob, openKeptJob } from '../lib/scatter/kept-job.ts';
import { piecesOf } from '../lib/scatter/pieces.ts';
import { scatterSteps } from '../lib/scatter/steps.ts';
import { ManifestMissingError, StageTooSlowError } from './runtime/errors.ts';
import { stageShape } from './runtime/events.ts';
import { withMiddleware } from './runtime/middleware.ts';
import { duckDbMemoryMb, openService } from './runtime/service.ts';
import { holdStage } from './runtime/stage-context.ts';
import { requireRaw } from './runtime/stage-results.ts';
import { keepWorkList, numbersBelow, type WorkList } from './runtime/work-list.ts';

const service = openService();

/** The job that `split` has kept, by its name. */
const jobShape = { ...stageShape, job: z.string().regex(/^[0-9a-f]{16}$/) };
/** The first items have been done by the calls before. */
const batchShape = { ...jobShape, done: z.int().min(0) };
const number = z.int().min(0);

const eventSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('split'), ...stageShape }),
  z.strictObject({
    action: z.literal('survey'),
    ...batchShape,
    items: z.array(z.strictObject({ slice: number, start: number.optional() })),
  }),
  z.strictObject({ action: z.literal('plan'), ...jobShape }),
  z.strictObject({ action: z.literal('clean'), ...batchShape, items: z.array(number) }),
  z.strictObject({ action: z.literal('gather'), ...batchShape, items: z.array(number) }),
  z.strictObject({ action: z.literal('join'), ...jobShape }),
]);

type ScatterEvent = z.infer<typeof eventSchema>;

/**
 * The steps that clean a large source in pieces. Split, plan and join are calls of their own; of survey, clean and gather a
 * call takes one item after the other, and says how far it came when it is nearly out of time. What the steps hand to each
 * other lies in the staging bucket, each artefact whole or absent, so any call may be repeated.
 */
export const handler = withMiddleware(eventSchema, async (event, _, signal) => {
  const held = await holdStage(service, 'transform', event, signal);
  const context = { ...held, transformMemoryMb: duckDbMemoryMb(service.config.deploy.scatter) };
  const raw = await requireRaw(context, event.run);
  try {
    if (event.action === 'split') return await split(context, event.run, raw);
    const job = await requireJob(context, event, raw);
    const steps = scatterSteps(job);
    const call = { signal, copies: copiesOf(context, event.run, job) };
    switch (event.action) {
      case 'survey':
        return await inTurn(event, call, steps.survey);
      case 'plan':
        return await plan(job);
      case 'clean':
        return await inTurn(event, call, steps.clean);
      case 'gather':
        return await inTurn(event, call, steps.gather);
      case 'join': {
        const manifest = await keepPlan(context, event.run, raw, await steps.join());
        return { chunks: manifest.chunks.length, ...manifest.counts };
      }
    }
  } catch (error) {
    throw signal.aborted ? tooSlow(event) : error;
  }
});

/** Survey, clean and gather have one piece in hand; the other steps have something to do for each piece. */
function tooSlow({ action }: ScatterEvent): StageTooSlowError {
  const ofOnePiece = action === 'survey' || action === 'clean' || action === 'gather';
  return new StageTooSlowError('transform', 'scatter', `make piece_mb ${ofOnePiece ? 'smaller' : 'larger'}`);
}

/** How the state machine goes on; every key is always present, because JSONata fails on a missing one. */
interface SplitSource {
  /** An earlier attempt of the run has left its manifest: there is nothing to clean. */
  readonly complete: boolean;
  readonly job: string;
  readonly survey: WorkList | null;
}

/** Reads what is looked up and which columns the target has, once for all other calls, and cuts the source. */
async function split(context: RunContext, run: Run, raw: RawManifest): Promise<SplitSource> {
  if ((await findPlan(context, run)) !== undefined) return { complete: true, job: '', survey: null };
  const request = await transformRequest(context, run, raw);
  const sizes = piecesOf(request, service.config.deploy.scatter_above_mb);
  if (sizes === undefined) throw new Error('The source of this run is not one that is cleaned in pieces.');
  await request.beforeCleaning?.();
  const job = await scatterJob(request, sizes);
  const name = await keepJob(job);
  const { slices } = await scatterSteps(job).split();
  const items = numbersBelow(slices).map((slice) => ({ slice }));
  return { complete: false, job: name, survey: await listFor(job, 'survey', items) };
}

async function requireJob(
  context: RunContext,
  event: Exclude<ScatterEvent, { action: 'split' }>,
  raw: RawManifest,
): Promise<ScatterJob> {
  const request = await requestBesideTarget(context, event.run, raw);
  const job = await openKeptJob(request, event.job, event.action !== 'survey');
  if (job === undefined) throw new ManifestMissingError(`${request.prefix}/scatter/${event.job}/job.json`);
  return job;
}

/** What the maps behind a plan go over: slices that are to be surveyed once more, or else all slices and buckets. */
async function plan(job: ScatterJob): Promise<Readonly<Record<'survey' | 'clean' | 'gather', WorkList | null>>> {
  const steps = scatterSteps(job);
  const planned = await steps.plan();
  if ('again' in planned) return { survey: await listFor(job, 'survey', planned.again), clean: null, gather: null };
  const { slices } = await steps.split();
  return {
    survey: null,
    clean: await listFor(job, 'clean', numbersBelow(slices)),
    gather: await listFor(job, 'gather', numbersBelow(planned.buckets)),
  };
}

function copiesOf(context: RunContext, run: Run, { prefix, request }: ScatterJob): readonly string[] {
  const { store } = request;
  return [sourceFolder(context, run), store.localFolder(`${prefixOf(run)}/raw`), store.localFolder(`${prefix}/rows`)];
}

async function listFor({ prefix, request }: ScatterJob, name: string, items: readonly unknown[]): Promise<WorkList> {
  return await keepWorkList({ prefix, store: request.store }, name, items, service.config.deploy.scatter_concurrency);
}

/**
 * Does one item after the other until all are done or the time is nearly up.
 *
 * @param copies  local folders of what lies in S3, which would fill the disk over a batch
 * @returns how many are done, with those of the calls before; more than before
 * @throws the signal's reason where the time is not enough for one item
 */
async function inTurn<Item>(
  { done, items }: { readonly items: readonly Item[]; readonly done: number },
  { copies, signal }: { readonly signal: AbortSignal; readonly copies: readonly string[] },
  step: (item: Item) => Promise<void>,
): Promise<{ readonly done: number }> {
  let at = done;
  for (const item of items.slice(done)) {
    try {
      signal.throwIfAborted();
      await step(item);
    } catch (error) {
      if (!signal.aborted || at === done) throw error;
      return { done: at };
    }
    at += 1;
    for (const copy of copies) await rm(copy, { recursive: true, force: true });
  }
  return { done: at };
}
