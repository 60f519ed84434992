import { randomUUID } from 'node:crypto';
import type { Execution, StateMachineClient } from '../../aws/step-functions.ts';
import { type Clock, systemClock } from '../../clock.ts';
import { type ExitStatus, InvalidOptionError } from '../exit-status.ts';
import { describeExecution, executionDocument } from './execution-text.ts';
import { type AwsOptions, exitStatusOf, type StartOptions } from './options.ts';
import { openService, parsedObject } from './service.ts';

/** How often a run that is followed is looked at. */
const pollMs = 2_000;

/** `etl aws start`: one execution, its states as they are entered, and its end. */
export async function startRun(pipeline: string, options: AwsOptions & StartOptions): Promise<ExitStatus> {
  const input = inputOf(pipeline, options);
  const { machine, name, region } = await openService(pipeline, options);
  const arn = await machine.start(randomUUID(), input);
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  say(`Started ${pipeline} in ${name} (${region}): ${arn}`);
  const execution =
    options.follow === false ? await machine.describe(arn) : await follow(machine, arn, systemClock, say);
  if (options.json === true) process.stdout.write(`${JSON.stringify(executionDocument(execution), null, 2)}\n`);
  else process.stdout.write(`${describeExecution(execution)}\n`);
  return exitStatusOf(execution);
}

/**
 * Waits for the end of an execution and tells of each state that it enters. Interrupted, the execution goes on; starting
 * this again would start another one.
 */
export async function follow(
  machine: StateMachineClient,
  executionArn: string,
  clock: Clock,
  say: (line: string) => void,
): Promise<Execution> {
  let told = 0;
  for (;;) {
    const execution = await machine.describe(executionArn);
    for (const { at, id, state } of await machine.statesAfter(executionArn, told)) {
      told = id;
      say(`${at.toISOString().slice(11, 19)}  ${state}`);
    }
    if (execution.status !== 'RUNNING') return execution;
    await clock.sleep(pollMs);
  }
}

/** The execution's input: what the options say, over the fields of `--input`. */
function inputOf(pipeline: string, { again, force, input, wait }: StartOptions): object {
  const further = input === undefined ? {} : parsedObject(input);
  if (further === undefined) throw new InvalidOptionError('--input', input ?? '', 'a JSON object');
  return {
    ...further,
    pipeline,
    ...(again === true ? { again } : {}),
    ...(force === true ? { force } : {}),
    ...(wait === true ? { wait } : {}),
  };
}
