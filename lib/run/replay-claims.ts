import { createHash } from 'node:crypto';
import { maxTransactionRows } from '../limits.ts';
import type { RawManifest } from '../manifest.ts';
import { type Fence, fenced } from '../state/fence.ts';
import { claimRejected } from '../state/rejected-rows.ts';
import { ReplayRefusedError } from './errors.ts';
import type { RunContext } from './run-context.ts';
import type { RunDemand } from './run-demand.ts';

type Replay = NonNullable<RunDemand['replay']>;

/**
 * Notes of each rejected row that this run runs it again, before anything is loaded. Safe to repeat.
 *
 * @throws {ReplayRefusedError} terminal: one of them is not an open rejected row of that run, or not any more
 */
export async function claimRows(
  { target }: Pick<RunContext, 'target'>,
  fence: Fence,
  runId: string,
  { ids, ofRun }: Replay,
): Promise<void> {
  const most = maxTransactionRows / 2;
  for (let from = 0; from < ids.length; from += most) {
    const some = ids.slice(from, from + most);
    const claimed = await fenced('Claiming rejected rows', target, fence, (transaction) =>
      claimRejected(transaction, ofRun, runId, some),
    );
    if (claimed !== some.length) {
      throw new ReplayRefusedError(
        ofRun,
        `${(some.length - claimed).toLocaleString('en')} of the rows are not among its open rejected rows, or not any more`,
        `See those with: etl rejects ${ofRun} --export rows.csv`,
      );
    }
  }
}

/** The content's fingerprint is that of its rows, and of which rejected rows they are: two rejected rows may be equal. */
export function replayedContent(raw: RawManifest, ids: readonly string[]): RawManifest {
  const hash = createHash('sha256').update(raw.source_fingerprint);
  for (const id of ids) hash.update(id);
  return { ...raw, source_fingerprint: hash.digest('hex') };
}
