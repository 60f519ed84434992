import { UnknownPipelineError } from '../../config/errors.ts';
import type { LoadedConfig } from '../../config/read-config.ts';
import { TerminalError } from '../../errors.ts';
import { nearest } from '../../nearest.ts';
import { ownValue } from '../../own-value.ts';
import { previewPipeline } from '../../preview/preview-pipeline.ts';
import { previewReplay } from '../../preview/preview-replay.ts';
import { requireRun } from '../../report/find-run.ts';
import { replayRun } from '../../run/replay.ts';
import type { RunContext, RunProgress } from '../../run/run-context.ts';
import { runPipeline } from '../../run/run-pipeline.ts';
import { undoRun } from '../../run/undo.ts';
import { requireUndoable } from '../../run/undo-check.ts';
import { ensureServiceTables } from '../../state/service-tables.ts';
import type { ActDemand, ActOutcome } from '../../ui/acts/act.ts';
import { checkRulesOf } from '../check/check-rules.ts';
import { requireConfig } from '../local/state-folder.ts';
import { lookAtPipelines } from '../run/look-context.ts';
import { sharing } from '../run/shared-context.ts';
import { undoing } from '../undo/undo-setup.ts';
import type { ActOptions } from './act-options.ts';

/** Progress is told at most this often. */
const tellEveryMs = 150;

type OnProgress = (progress: RunProgress) => void;
type Performer<K extends ActDemand['kind']> = (
  demand: Extract<ActDemand, { kind: K }>,
  options: ActOptions,
  onProgress: OnProgress,
) => Promise<ActOutcome>;

/** What the confirmation named is not what would be deleted. */
export class ConfirmationOutdatedError extends TerminalError {
  override readonly name = 'ConfirmationOutdatedError';
  readonly code = 'confirmation_outdated';

  constructor(named: number, now: number) {
    super(
      `The confirmation named ${named.toLocaleString('en')} rows, and ${now.toLocaleString('en')} would be deleted now. Nothing was done: look again.`,
    );
  }
}

/** How each act is done: as the command of the same name does it. */
export const performers: { readonly [K in ActDemand['kind']]: Performer<K> } = {
  preview_run: async ({ again, pipeline, rows }, options, onProgress) => {
    const [preview] = await lookAtPipelines(
      requireConfig(options.config, options.stage),
      [pipeline],
      options,
      (context) => previewPipeline(telling(context, onProgress), { again, rows: rows ?? undefined }),
    );
    if (preview === undefined) throw new RangeError('A pipeline that was looked at has no preview.');
    return { kind: 'preview_run', preview };
  },
  run: async ({ again, pipeline }, options, onProgress) => {
    const result = await withPipeline(options, pipeline, (context) =>
      runPipeline(telling(context, onProgress), { trigger: 'cli', again }),
    );
    return { kind: 'run', result };
  },
  preview_replay: async ({ pipeline, run }, options, onProgress) => {
    const [replay] = await lookAtPipelines(
      requireConfig(options.config, options.stage),
      [pipeline],
      options,
      async (context) =>
        previewReplay(telling(context, onProgress), { run: await requireRun(context.target.sql, run) }),
    );
    if (replay === undefined) throw new RangeError('A pipeline that was looked at has no preview.');
    return { kind: 'preview_replay', replay };
  },
  replay: async ({ pipeline, run }, options, onProgress) =>
    await withPipeline(options, pipeline, async (context) => {
      await ensureServiceTables(context.target);
      const of = await requireRun(context.target.sql, run);
      const { result } = await replayRun(telling(context, onProgress), { run: of, trigger: 'cli' });
      return { kind: 'replay', result };
    }),
  preview_undo: async ({ run }, options) =>
    await takingBack(options, async (context) => {
      const of = await requireRun(context.target.sql, run);
      const { rows } = await requireUndoable(context.target, of);
      return {
        kind: 'preview_undo',
        undo: { run: of.run_id, pipeline: of.pipeline_name, table: of.target_table, rows },
      };
    }),
  undo: async ({ rows: named, run }, options, onProgress) =>
    await takingBack(options, async (context) => {
      const of = await requireRun(context.target.sql, run);
      const { rows } = await requireUndoable(context.target, of);
      if (rows !== named) throw new ConfirmationOutdatedError(named, rows);
      const onBatches = (done: number, all: number): void => onProgress({ stage: 'record', rows: done, of: all });
      return { kind: 'undo', result: await undoRun({ ...context, onBatches }, of, 'cli') };
    }),
};

/** Tells of a run's progress besides what the context does with it: every stage, and in between now and then. */
function telling(context: RunContext, onProgress: OnProgress): RunContext {
  let told = 0;
  let stage: RunProgress['stage'] | undefined;
  return {
    ...context,
    onProgress: (progress) => {
      context.onProgress?.(progress);
      if (progress.stage === stage && performance.now() - told < tellEveryMs) return;
      stage = progress.stage;
      told = performance.now();
      onProgress(progress);
    },
  };
}

/** Opens what a run of a pipeline needs, as `etl run` does. @throws {UnknownPipelineError} */
async function withPipeline<T>(
  options: ActOptions,
  name: string,
  work: (context: RunContext) => Promise<T>,
): Promise<T> {
  const loaded: LoadedConfig = requireConfig(options.config, options.stage);
  const known = Object.keys(loaded.config.pipelines);
  const settings = ownValue(loaded.config.pipelines, name);
  if (settings === undefined) throw new UnknownPipelineError(name, known, nearest(name, known));
  await checkRulesOf(loaded, [name]);
  return await sharing(loaded, [name], { ...options, quiet: true }, async ({ shared }) => {
    const pipeline = { name, settings, dataSource: loaded.config.data_source };
    return await work({ ...shared, pipeline, baseDir: loaded.folder });
  });
}

/** Opens what taking rows back needs, as `etl undo` does. */
async function takingBack(
  options: ActOptions,
  work: (context: Parameters<Parameters<typeof undoing>[1]>[0]) => Promise<ActOutcome>,
): Promise<ActOutcome> {
  let outcome: ActOutcome | undefined;
  await undoing(options, async (context) => {
    outcome = await work(context);
    return 0;
  });
  if (outcome === undefined) throw new RangeError('An act has ended without an outcome.');
  return outcome;
}
