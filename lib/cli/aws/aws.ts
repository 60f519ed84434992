import type { Command } from 'commander';
import { configOption, jsonOption, type RegisterCommand, stageOption } from '../command.ts';
import type { AwsOptions, StartOptions } from './options.ts';

/** `etl aws`: starts and watches runs of a deployed service, with the AWS credentials of this machine. */
export const registerAws: RegisterCommand = (program, end) => {
  const aws = program.command('aws').description('start and watch runs in AWS, with the credentials of this machine');
  const add = (name: string, description: string): Command =>
    aws
      .command(name)
      .description(description)
      .argument('<pipeline>', 'name of the pipeline')
      .addOption(configOption())
      .addOption(stageOption())
      .option('--region <region>', 'Region of the deployment; default: that of the configuration or of AWS_REGION');
  add('start', 'start a run and follow it to its end')
    .option('--again', 'load a source that was loaded already, and start an interrupted run over')
    .option('--force', 'let load_mode replace take away more rows than max_shrink allows')
    .option('--wait', 'wait for a run of the same pipeline that is under way, instead of skipping')
    .option('--input <json>', 'further fields of the execution\'s input, e.g. {"params": {"day": "2026-01-01"}}')
    .option('--no-follow', 'do not wait for the end')
    .addOption(jsonOption())
    .action(async (pipeline: string, options: AwsOptions & StartOptions) => {
      const { startRun } = await import('./start.ts');
      end(await startRun(pipeline, options));
    });
  add('status', 'show the last runs')
    .option('-n, --limit <number>', 'runs to show', '5')
    .addOption(jsonOption())
    .action(async (pipeline: string, options: AwsOptions & { readonly limit: string }) => {
      const { showStatus } = await import('./status.ts');
      end(await showStatus(pipeline, options));
    });
  add('logs', 'show what the functions wrote for a run, the last one where none is named')
    .option('--run <name>', 'name or ARN of the execution')
    .addOption(jsonOption())
    .action(async (pipeline: string, options: AwsOptions & { readonly run?: string }) => {
      const { showLogs } = await import('./logs.ts');
      end(await showLogs(pipeline, options));
    });
};
