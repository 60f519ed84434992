import { randomUUID } from 'node:crypto';
import type { TableName } from '../dsql/identifier.ts';
import { runStatement, type Target } from '../dsql/target.ts';
import { ddlLeasePrefix } from '../service-names.ts';
import { type Fence, requireEpoch } from '../state/fence.ts';
import { dropLease, type KeptLease, keepLease, type Lease, takeLease } from '../state/lease.ts';
import { TableBusyError } from './errors.ts';
import { tableText } from './target-table.ts';

/** One DDL statement; `what` is the subject of error messages. */
export interface Ddl {
  readonly what: string;
  readonly text: string;
}

/** DDL takes seconds, a holder that died in AWS holds for this long. */
const leaseSeconds = 60;
const pollEveryMs = 250;
/** Longer than a dead holder's lease, and than adding all the 255 columns a table may have. */
const patienceMs = 300_000;

/** The row of `etl_state` that is there while a table's schema is being changed. */
export function ddlLeaseName({ schema, table }: TableName): string {
  return `${ddlLeasePrefix}${schema}.${table}`;
}

/**
 * Changes a table while no other run changes it: looks what is to be done, and where there is anything takes the table's
 * lease, looks again, and issues the statements, each in a transaction of its own. Whoever finds the lease held waits and
 * looks again, and mostly has nothing left to do. A table that needs no change costs the look alone.
 *
 * @param look     reads the catalog
 * @param pending  what is to be done about what was read; statements that may be repeated, because a holder may be
 *                 killed after any of them, and one that was stopped for longer than its lease goes on
 * @param fence  of the run that changes it; a run that has lost its pipeline's lease changes nothing
 * @returns what the last look found, after all changes
 * @throws {TableBusyError} transient: others have held the lease for five minutes, or took it because it ran out
 * Killed midway: some statements have run; the next call looks and does the rest.
 */
export async function changeTable<T>(
  target: Target,
  table: TableName,
  look: () => Promise<T>,
  pending: (seen: T) => readonly Ddl[],
  fence?: Fence,
): Promise<T> {
  const { retry } = target;
  const looked = (): Promise<T> => runStatement('Reading the catalog', target, look);
  const request = { name: ddlLeaseName(table), holder: randomUUID(), seconds: leaseSeconds, pid: target.pid };
  const giveUp = retry.clock.now().getTime() + patienceMs;
  let lease: Lease | undefined;
  while (lease === undefined) {
    const seen = await looked();
    if (pending(seen).length === 0) return seen;
    const taken = await runStatement(`Taking the lease of table ${tableText(table)}`, target, () =>
      takeLease(target, request),
    );
    if ('lease' in taken) lease = taken.lease;
    else if (retry.clock.now().getTime() >= giveUp) {
      throw new TableBusyError(tableText(table), taken.heldBy, patienceMs / 1000);
    } else await retry.clock.sleep(Math.ceil((pollEveryMs * (1 + retry.random())) / 2), retry.signal);
  }
  const own = lease;
  const kept = keepLease(target, own, () => dropLease(target, own));
  try {
    for (const ddl of pending(await looked())) await issue(target, table, { kept, fence }, ddl);
    return await looked();
  } finally {
    // One that cannot be given back runs out, or ends with this process.
    await kept.release().catch(() => undefined);
  }
}

/**
 * DDL and a read of the lease cannot share a transaction in DSQL, so the run's lease is read right before. What a run that
 * loses it in between can still do is to make a table, a nullable column or an index that the next run finds; no row
 * changes by it.
 */
async function issue(
  target: Target,
  table: TableName,
  held: { readonly kept: KeptLease; readonly fence: Fence | undefined },
  ddl: Ddl,
): Promise<void> {
  await runStatement(ddl.what, target, async () => {
    if (held.kept.lost()) throw new TableBusyError(tableText(table), undefined, leaseSeconds);
    if (held.fence !== undefined) await requireEpoch(target.sql, held.fence);
    await target.sql.unsafe(ddl.text);
  });
  target.onDdl?.(ddl.text);
}
