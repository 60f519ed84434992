import type { Command } from 'commander';
import { configOption, type RegisterCommand, stageOption } from '../command.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { DeployOptions } from './run-cdk.ts';

/** `etl synth`: what a deployment would make, without an account. */
export const registerSynth: RegisterCommand = (program, end) => {
  withOptions(
    program.command('synth'),
    'make the CloudFormation template of a deployment, in cdk.out; needs no account',
  ).action(async (options: DeployOptions) => end(await cdk('synth', options)));
};

/** `etl deploy`: the configuration as a service in AWS. */
export const registerDeploy: RegisterCommand = (program, end) => {
  withOptions(program.command('deploy'), 'deploy the pipelines to AWS with the CDK, which has to be installed beside')
    .option('-y, --yes', 'do not ask about changes of permissions')
    .action(async (options: DeployOptions) => end(await cdk('deploy', options)));
};

function withOptions(command: Command, description: string): Command {
  return command
    .description(description)
    .addOption(configOption())
    .addOption(stageOption())
    .option('--account <account>', "AWS account; default: the credentials'")
    .option('--region <region>', "AWS Region; default: the credentials'");
}

async function cdk(action: 'synth' | 'deploy', options: DeployOptions): Promise<ExitStatus> {
  const { runCdk } = await import('./run-cdk.ts');
  return await runCdk(action, options);
}
