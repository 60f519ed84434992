import { type ExitStatus, InvalidOptionError } from '../exit-status.ts';
import { describeExecution, executionDocument } from './execution-text.ts';
import type { AwsOptions } from './options.ts';
import { executionsOf, openService } from './service.ts';

/** `etl aws status`: the last executions of a pipeline, newest first. */
export async function showStatus(
  pipeline: string,
  options: AwsOptions & { readonly limit: string },
): Promise<ExitStatus> {
  if (!/^[1-9]\d{0,2}$/.test(options.limit)) {
    throw new InvalidOptionError('--limit', options.limit, 'a number from 1 to 999');
  }
  const service = await openService(pipeline, options);
  const executions = await executionsOf(service, pipeline, Number(options.limit));
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ executions: executions.map(executionDocument) }, null, 2)}\n`);
  } else if (executions.length === 0) {
    process.stdout.write(`${pipeline} has not run in ${service.name} (${service.region}) in the last 90 days.\n`);
  } else {
    for (const execution of executions) {
      process.stdout.write(`${execution.startDate.toISOString().slice(0, 19)}Z  ${describeExecution(execution)}\n`);
    }
  }
  return 0;
}
