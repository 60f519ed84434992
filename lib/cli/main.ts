import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, CommanderError } from 'commander';
import { EtlError, messageOf } from '../errors.ts';
import { packageFolder } from '../package-folder.ts';
import { registerAws } from './aws/aws.ts';
import { registerDeploy, registerSynth } from './aws/deploy.ts';
import { registerCheck } from './check/check.ts';
import { registerLock } from './check/lock.ts';
import type { RegisterCommand } from './command.ts';
import { printCandidates, registerCompletion } from './completion/completion.ts';
import { askArgument } from './completion/scripts.ts';
import { registerDoctor } from './doctor/doctor.ts';
import { registerEstimate } from './estimate/estimate.ts';
import { type ExitStatus, usageCodes } from './exit-status.ts';
import { registerInit } from './init/init.ts';
import { registerClean } from './local/clean.ts';
import { registerLocal } from './local/local.ts';
import { registerPreview } from './preview/preview.ts';
import { registerRejects } from './rejects/rejects.ts';
import { registerReplay } from './rejects/replay.ts';
import { registerRun } from './run/run.ts';
import { registerRuns } from './runs/runs.ts';
import { registerDiff, registerShow } from './runs/show.ts';
import { registerSql } from './sql/sql.ts';
import { registerAct } from './ui/act.ts';
import { registerUi } from './ui/ui.ts';
import { registerReset } from './undo/reset.ts';
import { registerUndo } from './undo/undo.ts';

/** Every command, in the order `etl --help` shows them. */
const commands: readonly RegisterCommand[] = [
  registerInit,
  registerDoctor,
  registerRun,
  registerCheck,
  registerPreview,
  registerLock,
  registerEstimate,
  registerSql,
  registerRuns,
  registerShow,
  registerDiff,
  registerRejects,
  registerReplay,
  registerUndo,
  registerReset,
  registerUi,
  registerAct,
  registerClean,
  registerLocal,
  registerSynth,
  registerDeploy,
  registerAws,
  registerCompletion,
];

/** Runs one command line; never throws. */
export async function main(args: readonly string[]): Promise<ExitStatus> {
  let status: ExitStatus = 0;
  const program = new Command('etl')
    .description('Loads APIs and files into Amazon Aurora DSQL; nothing lost, nothing doubled.')
    .version(packageVersion())
    .exitOverride()
    .showHelpAfterError('(etl --help shows the commands)');
  for (const register of commands) {
    register(program, (ended) => {
      status = ended;
    });
  }
  if (args[0] === askArgument) {
    await printCandidates(program, args.slice(1));
    return 0;
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`${describe(error)}\n`);
    return error instanceof EtlError && usageCodes.has(error.code) ? 2 : 1;
  }
}

/** The version in the package's own package.json. */
function packageVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(path.join(packageFolder(), 'package.json'), 'utf8'));
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : 'unknown';
}

/** An error for a person: what we throw on purpose as it is, anything else marked as unexpected. */
function describe(error: unknown): string {
  if (error instanceof EtlError) return messageOf(error);
  return `Unexpected error: ${messageOf(error)}`;
}
