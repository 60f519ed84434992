import { configOption, jsonOption, type RegisterCommand, stageOption, targetOption } from '../command.ts';
import type { ExitStatus } from '../exit-status.ts';

interface EstimateOptions {
  readonly config?: string | undefined;
  readonly stage?: string | undefined;
  readonly target?: string | undefined;
  readonly region?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `etl estimate`: what a run would cost. */
export const registerEstimate: RegisterCommand = (program, end) => {
  program
    .command('estimate')
    .description('estimate what a run would cost: rows, transactions, DPU, functions, time and money')
    .argument('[pipeline...]', 'names of pipelines; default: all')
    .option('--region <region>', "Region whose prices are taken; default: the cluster's")
    .addOption(configOption())
    .addOption(stageOption())
    .addOption(targetOption())
    .addOption(jsonOption())
    .action(async (pipelines: string[], options: EstimateOptions) => end(await estimate(pipelines, options)));
};

async function estimate(pipelines: readonly string[], options: EstimateOptions): Promise<ExitStatus> {
  const [{ requireConfig }, { lookAtPipelines }, { estimatePipeline }, { describeEstimate }] = await Promise.all([
    import('../local/state-folder.ts'),
    import('../run/look-context.ts'),
    import('../../preview/estimate-pipeline.ts'),
    import('./estimate-text.ts'),
  ]);
  const loaded = requireConfig(options.config, options.stage);
  const region = options.region ?? loaded.config.aurora_dsql.region ?? loaded.config.deploy.regions?.[0];
  const estimates = await lookAtPipelines(loaded, pipelines, options, async (context) => {
    const found = await estimatePipeline(context, region);
    if (options.json !== true) process.stdout.write(`${describeEstimate(found)}\n`);
    return found;
  });
  if (options.json === true) process.stdout.write(`${JSON.stringify({ estimates }, null, 2)}\n`);
  return estimates.some(({ over_budget }) => over_budget !== null) ? 1 : 0;
}
