import { setImmediate } from 'node:timers/promises';
import type { LoadedConfig } from '../../config/read-config.ts';
import { choosePipelines } from '../../run/choose-pipelines.ts';
import type { RunResult } from '../../run/result.ts';
import type { RunDemand } from '../../run/run-demand.ts';
import { checkRulesOf } from '../check/check-rules.ts';
import { confirm, NotConfirmedError } from '../confirm.ts';
import { describeResult } from './result-text.ts';
import { sharing } from './shared-context.ts';

/** The options of `etl run`. */
export interface RunOptions {
  readonly target?: string | undefined;
  readonly again?: boolean | undefined;
  readonly force?: boolean | undefined;
  readonly fullRefresh?: boolean | undefined;
  readonly yes?: boolean | undefined;
  readonly wait?: boolean | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

/** Runs pipelines of a configuration that has been read, and writes how each ended. */
export async function runConfigured(
  loaded: LoadedConfig,
  pipelines: readonly string[],
  options: RunOptions,
): Promise<readonly RunResult[]> {
  const names = choosePipelines(loaded, pipelines);
  await checkRulesOf(loaded, names);
  if (options.fullRefresh === true) await confirmRefresh(names, options.yes === true);
  const out = options.json === true ? process.stderr : process.stdout;
  return await sharing(loaded, names, options, async ({ progress, shared }) => {
    if (options.quiet !== true) {
      const what = names.length === 1 ? names[0] : `${names.length} pipelines`;
      out.write(`Loading ${what} into ${shared.target.where.endpoint}.\n`);
    }
    const { runPipelines } = await loadRun();
    return await runPipelines(loaded, names, shared, demandOf(options), {
      start: progress.start,
      end: (result) => {
        progress.stop();
        if (options.json !== true) out.write(`${describeResult(result)}\n`);
      },
    });
  });
}

/**
 * Loads what runs a pipeline, part by part: between two parts the connection to the target, which is being opened meanwhile, gets
 * its turn.
 */
async function loadRun(): Promise<typeof import('../../run/run-pipelines.ts')> {
  // The connection's first words are on their way before the longest part, which is DuckDB's library.
  await setImmediate();
  await setImmediate();
  (await import('../../duckdb/open-duckdb.ts')).prepareDuckDb();
  await setImmediate();
  await import('../../transform/transform.ts');
  await setImmediate();
  await import('../../load/load.ts');
  await setImmediate();
  await import('../../run/run-pipeline.ts');
  await setImmediate();
  return await import('../../run/run-pipelines.ts');
}

/** @throws {NotConfirmedError} unless somebody says yes */
async function confirmRefresh(names: readonly string[], yes: boolean): Promise<void> {
  const what = `--full-refresh deletes what ${names.join(', ')} loaded before it reads the source again; until then readers miss those rows.`;
  if (!(await confirm(what, 'Go on?', yes))) throw new NotConfirmedError(what);
}

function demandOf(options: RunOptions): RunDemand {
  const range = {
    ...(options.from === undefined ? {} : { from: options.from }),
    ...(options.to === undefined ? {} : { to: options.to }),
  };
  return {
    trigger: 'cli',
    again: options.again === true,
    force: options.force === true,
    fullRefresh: options.fullRefresh === true,
    wait: options.wait === true,
    ...(Object.keys(range).length === 0 ? {} : { range }),
  };
}
