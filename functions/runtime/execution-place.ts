import type { ExecutionPlace } from '../../lib/run/execution-place.ts';
import type { Execution } from './events.ts';
import type { Service } from './service.ts';

/** Where a run of an execution runs, as its row in the log keeps it. */
export function placeOf({ environment }: Pick<Service, 'environment'>, { id }: Execution): ExecutionPlace {
  const groups = environment.ETL_LOG_GROUPS ?? '';
  return { arn: id, log_groups: groups === '' ? [] : groups.split(',') };
}
