import { UnknownPipelineError } from '../../config/errors.ts';
import type { LoadedConfig } from '../../config/read-config.ts';
import { nearest } from '../../nearest.ts';
import { ownValue } from '../../own-value.ts';
import { requireRun } from '../../report/find-run.ts';
import { type Replayed, replayRun } from '../../run/replay.ts';
import { ensureServiceTables } from '../../state/service-tables.ts';
import { checkRulesOf } from '../check/check-rules.ts';
import { type ExitStatus, InvalidOptionError } from '../exit-status.ts';
import { describeResult } from '../run/result-text.ts';
import { sharing } from '../run/shared-context.ts';
import { openRepaired } from './repaired-file.ts';

/** The options of `etl replay`. */
export interface ReplayOptions {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly target?: string | undefined;
  readonly file?: string | undefined;
  readonly reason?: string | undefined;
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

/** Runs rejected rows again by a configuration that has been read, and writes how it ended. */
export async function replayConfigured(
  loaded: LoadedConfig,
  named: string,
  options: ReplayOptions,
): Promise<ExitStatus> {
  if (options.file !== undefined && options.reason !== undefined) {
    throw new InvalidOptionError('--reason', options.reason, 'no --file beside it: the file says which rows are meant');
  }
  const out = options.json === true ? process.stderr : process.stdout;
  return await sharing(loaded, Object.keys(loaded.config.pipelines), options, async ({ progress, shared }) => {
    await ensureServiceTables(shared.target);
    const run = await requireRun(shared.target.sql, named);
    const name = run.pipeline_name;
    const settings = ownValue(loaded.config.pipelines, name);
    const known = Object.keys(loaded.config.pipelines);
    if (settings === undefined) throw new UnknownPipelineError(name, known, nearest(name, known));
    await checkRulesOf(loaded, [name]);
    const repaired = options.file === undefined ? undefined : await openRepaired(options.file, shared.scratchDir);
    progress.start(name);
    const pipeline = { name, settings, dataSource: loaded.config.data_source };
    const replayed = await replayRun(
      { ...shared, pipeline, baseDir: loaded.folder },
      { run, reason: options.reason, repaired, trigger: 'cli' },
    );
    progress.stop();
    if (options.json === true) {
      const left = Object.fromEntries(replayed.left);
      process.stdout.write(`${JSON.stringify({ run: replayed.result ?? null, left }, null, 2)}\n`);
    } else out.write(describeReplay(run.run_id, replayed));
    if (replayed.result?.error_code === 'interrupted') return 130;
    return replayed.result?.status === 'failed' ? 1 : 0;
  });
}

function describeReplay(runId: string, { left, result }: Replayed): string {
  const lines =
    result === undefined
      ? [`Run ${runId} has no rejected rows that are open and can be run again as they are.`]
      : [describeResult(result)];
  for (const [why, rows] of left) {
    lines.push(
      `  ! ${rows.toLocaleString('en')} rows ${rows === 1 ? `is not run again: it ${why}` : `are not run again: each ${why}`}. Repair them in a file: etl rejects ${runId} --export rows.csv`,
    );
  }
  return `${lines.join('\n')}\n`;
}
