import { randomUUID } from 'node:crypto';
import { linesOf } from '../lib/aws/function-logs.ts';
import type { Execution } from '../lib/aws/step-functions.ts';
import { describeExecution, executionDocument } from '../lib/cli/aws/execution-text.ts';
import type { AwsOptions } from '../lib/cli/aws/options.ts';
import { type DeployedService, openService } from '../lib/cli/aws/service.ts';
import { follow } from '../lib/cli/aws/start.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';

/** The pipeline of `examples/smoke/etl.yaml`. */
export const smokePipeline = 'smoke';

/** What becomes of the seven rows of `people.csv`. */
const expected = { rows_read: 7, rows_filtered: 1, rows_deduplicated: 1, rows_rejected: 1, rows_loaded: 4 };

/** How often, and how long, lines are waited for: CloudWatch shows them some seconds later. */
const logTries = 12;
const logWaitMs = 5_000;

export interface SmokeOptions extends AwsOptions {
  /** Without the run that fails, and tells people so. */
  readonly withoutFailure?: boolean | undefined;
}

/** One thing that was looked at. */
export interface Check {
  readonly what: string;
  readonly passed: boolean;
  readonly saw: string;
}

/**
 * Runs the smoke pipeline in a deployed service: loads, loads again, fails, and reads the logs.
 *
 * @param say  told of what happens meanwhile
 * @throws when there is no such service, or AWS does not answer
 */
export async function smoke(
  options: SmokeOptions,
  clock: Clock,
  say: (line: string) => void,
): Promise<readonly Check[]> {
  const service = await openService(smokePipeline, options);
  const run = async (what: string, input: object): Promise<Execution> => {
    say(`${what}:`);
    const arn = await service.machine.start(randomUUID(), { pipeline: smokePipeline, ...input });
    return await follow(service.machine, arn, clock, (line) => say(`  ${line}`));
  };
  const found = { what: 'the service is there', passed: true, saw: `${service.name} in ${service.region}` };
  const loaded = await run('Loading seven rows', { again: true });
  const again = await run('Loading the same again', {});
  const checks = [found, checkLoad(loaded), checkRepeat(again), await checkLogs(service, loaded, clock)];
  if (options.withoutFailure === true) return checks;
  return [...checks, checkFailure(await run('Failing on purpose', { no_such_field: true }))];
}

function checkLoad(execution: Execution): Check {
  const { output } = executionDocument(execution) as { readonly output: Readonly<Record<string, unknown>> | null };
  const passed =
    execution.status === 'SUCCEEDED' && Object.entries(expected).every(([name, count]) => output?.[name] === count);
  const wanted = passed ? '' : ` (expected: ${JSON.stringify(expected)})`;
  return { what: 'seven rows are read, and each is accounted for', passed, saw: describeExecution(execution) + wanted };
}

function checkRepeat(execution: Execution): Check {
  const saw = describeExecution(execution);
  const passed = execution.status === 'SUCCEEDED' && saw.includes('The same content was loaded');
  return { what: 'the same content is not loaded twice', passed, saw };
}

function checkFailure(execution: Execution): Check {
  const saw = describeExecution(execution);
  const passed = execution.status === 'FAILED' && execution.error === 'InvalidInputError';
  return { what: 'a wrong input fails, and says why; a notice of it goes to the topic', passed, saw };
}

/** The functions that every run calls have written about this one. */
async function checkLogs(service: DeployedService, execution: Execution, clock: Clock): Promise<Check> {
  const wanted = ['extract', 'load', 'record', 'transform'];
  const what = 'the functions have written about the run';
  let seen: readonly string[] = [];
  let count = 0;
  try {
    const definition = await service.machine.definition();
    for (let tried = 0; tried < logTries; tried += 1) {
      const lines = await linesOf(service.logs, definition, execution);
      count = lines.length;
      seen = [...new Set(lines.map((line) => line.function))].sort();
      if (wanted.every((name) => seen.includes(name))) break;
      await clock.sleep(logWaitMs);
    }
  } catch (error) {
    return { what, passed: false, saw: messageOf(error) };
  }
  const passed = wanted.every((name) => seen.includes(name));
  return { what, passed, saw: `${count} lines of ${seen.length === 0 ? 'no function' : seen.join(', ')}` };
}
