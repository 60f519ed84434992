import { randomUUID } from 'node:crypto';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { clientOptions } from '../../lib/aws/client-options.ts';
import { runStatement } from '../../lib/dsql/target.ts';
import { messageOf } from '../../lib/errors.ts';
import type { RunContext } from '../../lib/run/run-context.ts';
import { firstIsDue } from '../../lib/state/landed-object.ts';
import { isLeased } from '../../lib/state/lease.ts';
import { ExecutionNotStartedError } from './errors.ts';

export interface MachinePlace {
  readonly region: string;
  /** ARN of the state machine. */
  readonly machine: string;
}

let client: SFNClient | undefined;

/**
 * Starts an execution for the objects of a pipeline that wait, unless a run of it is under way: the end of that run
 * looks again, after it has given its lease back, so nothing that was noted before is forgotten.
 *
 * @returns whether one was started
 * @throws {ExecutionNotStartedError} transient
 */
export async function startNextRun(
  place: MachinePlace,
  { pipeline, target }: Pick<RunContext, 'pipeline' | 'target'>,
): Promise<boolean> {
  const due = await runStatement('Reading the objects', target, () => firstIsDue(target.sql, pipeline.name));
  if (due !== true) return false;
  if (await runStatement('Reading the lease', target, () => isLeased(target.sql, pipeline.name))) return false;
  client ??= new SFNClient({ ...clientOptions(), region: place.region });
  try {
    await client.send(
      new StartExecutionCommand({
        stateMachineArn: place.machine,
        name: `objects-${randomUUID()}`,
        input: JSON.stringify({ pipeline: pipeline.name, trigger: 's3', objects: 'waiting' }),
      }),
    );
  } catch (cause) {
    throw new ExecutionNotStartedError(messageOf(cause), { cause });
  }
  return true;
}
