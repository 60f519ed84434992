import type { Execution } from '../../aws/step-functions.ts';
import { parsedObject } from './service.ts';

/** Counts of a run's output, in the order in which they add up. */
const counts = ['rows_read', 'rows_filtered', 'rows_deduplicated', 'rows_rejected', 'rows_loaded'] as const;

/** How an execution ended, in a line: its counts, why there was nothing to do, or what went wrong. */
export function describeExecution(execution: Execution): string {
  const { error, name, status } = execution;
  const head = `${name}: ${status.toLowerCase().replace('_', ' ')}`;
  if (status === 'RUNNING') return `${head} since ${execution.startDate.toISOString()}`;
  const took = `${head} after ${secondsOf(execution)} s`;
  if (status !== 'SUCCEEDED') return `${took}: ${[error, messageIn(execution)].filter(Boolean).join(': ')}`;
  const output = parsedObject(execution.output) ?? {};
  if (typeof output.reason === 'string') return `${took}, nothing to do: ${output.reason}`;
  const known = counts.filter((key) => typeof output[key] === 'number');
  return `${took}: ${known.map((key) => `${key.replace('rows_', '')} ${String(output[key])}`).join(', ')}`;
}

/** Seconds that an execution took, or has taken. */
export function secondsOf({ startDate, stopDate }: Pick<Execution, 'startDate' | 'stopDate'>): number {
  return Math.round(((stopDate ?? new Date()).getTime() - startDate.getTime()) / 100) / 10;
}

/** An execution as `--json` shows it. */
export function executionDocument(execution: Execution): Readonly<Record<string, unknown>> {
  const { error, executionArn, name, output, startDate, status, stopDate } = execution;
  return {
    execution: executionArn,
    name,
    status,
    start_time: startDate.toISOString(),
    end_time: stopDate?.toISOString() ?? null,
    output: parsedObject(output) ?? null,
    error: error ?? null,
    message: messageIn(execution) ?? null,
  };
}

/** What a function said stands as JSON in the cause. */
function messageIn({ cause }: Execution): string | undefined {
  const said = parsedObject(cause)?.errorMessage;
  return typeof said === 'string' ? said : (cause ?? undefined);
}
