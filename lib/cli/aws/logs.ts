import { linesOf } from '../../aws/function-logs.ts';
import { type ExitStatus, InvalidOptionError } from '../exit-status.ts';
import { describeExecution } from './execution-text.ts';
import type { AwsOptions } from './options.ts';
import { executionsOf, openService } from './service.ts';

/** Executions among which `--run` is looked for. */
const lookedAt = 100;

/** `etl aws logs`: the lines of all functions for one execution, in the order of their times. */
export async function showLogs(
  pipeline: string,
  options: AwsOptions & { readonly run?: string | undefined },
): Promise<ExitStatus> {
  const service = await openService(pipeline, options);
  const executions = await executionsOf(service, pipeline, options.run === undefined ? 1 : lookedAt);
  const wanted = options.run?.split(':').at(-1);
  const execution = executions.find(({ name }) => wanted === undefined || name === wanted);
  if (execution === undefined) {
    const expected = `an execution of ${pipeline}, as etl aws status names them`;
    throw new InvalidOptionError('--run', options.run ?? '(the last)', expected);
  }
  const lines = await linesOf(service.logs, await service.machine.definition(), execution);
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ execution: execution.executionArn, lines }, null, 2)}\n`);
    return 0;
  }
  for (const { at, function: fn, level, message } of lines) {
    process.stdout.write(`${at.toISOString().slice(11, 23)}  ${fn.padEnd(9)}  ${level.padEnd(5)}  ${message}\n`);
  }
  process.stdout.write(`${describeExecution(execution)}\n`);
  return 0;
}
