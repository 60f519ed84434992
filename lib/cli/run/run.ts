import { configOption, jsonOption, type RegisterCommand, stageOption, targetOption } from '../command.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { RunOptions } from './run-configured.ts';

/** `etl run`: runs pipelines and says what happened to every row. */
export const registerRun: RegisterCommand = (program, end) => {
  program
    .command('run')
    .description('run the named pipelines, or all; the failure of one does not stop the rest')
    .argument('[pipeline...]', 'names of pipelines')
    .addOption(configOption())
    .addOption(stageOption())
    .addOption(targetOption())
    .option('--again', 'load a source that was loaded already, and start an interrupted run over')
    .option('--force', 'let load_mode replace take away more rows than max_shrink allows')
    .option('--full-refresh', "delete the pipeline's rows first, and read the source from its beginning; asks first")
    .option('-y, --yes', 'do not ask')
    .option('--wait', 'wait for a run of the same pipeline that is under way, instead of skipping')
    .option('--from <value>', 'backfill an incremental source from this cursor value; the watermark stays')
    .option('--to <value>', 'backfill an incremental source up to this cursor value; the watermark stays')
    .addOption(jsonOption())
    .option('-q, --quiet', 'no progress, only the results')
    .action(async (pipelines: string[], options: RunOptions & { readonly config?: string; readonly stage?: string }) =>
      end(await run(pipelines, options)),
    );
};

async function run(
  pipelines: readonly string[],
  options: RunOptions & { readonly config?: string; readonly stage?: string },
): Promise<ExitStatus> {
  const { requireConfig } = await import('../local/state-folder.ts');
  const loaded = requireConfig(options.config, options.stage);
  const { runConfigured } = await import('./run-configured.ts');
  const results = await runConfigured(loaded, pipelines, options);
  if (options.json === true) process.stdout.write(`${JSON.stringify({ runs: results }, null, 2)}\n`);
  if (results.some((result) => result.error_code === 'interrupted')) return 130;
  return results.some((result) => result.status === 'failed') ? 1 : 0;
}
