import type { Target } from '../dsql/target.ts';
import { maxTransactionRows } from '../limits.ts';
import { type Fence, fenced } from '../state/fence.ts';
import { type RejectedChoice, settleSome } from '../state/rejected-rows.ts';

/**
 * Says of rejected rows that nothing has to be done about them any more, under the lease of their pipeline. Safe to repeat.
 *
 * @param by  the run that made them of no account, where there is one, and why they are
 * @returns rows settled by this call
 * Killed midway: some are settled; a repeat settles the others.
 */
export async function settleRejected(
  target: Pick<Target, 'sql' | 'retry'>,
  fence: Fence,
  choice: RejectedChoice,
  by: { readonly runId: string | null; readonly why: string },
): Promise<number> {
  let total = 0;
  let settled: number;
  do {
    settled = await fenced('Settling rejected rows', target, fence, (transaction) =>
      settleSome(transaction, choice, by, maxTransactionRows / 2),
    );
    total += settled;
  } while (settled > 0);
  return total;
}
