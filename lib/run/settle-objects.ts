import { runStatement } from '../dsql/target.ts';
import { type Fence, fenced } from '../state/fence.ts';
import { allTaken, changeObjects, readObjects, setAsideInARow } from '../state/landed-object.ts';
import { judgeObjects, maxTries, type ObjectFailure } from './object-choice.ts';
import type { RunContext } from './run-context.ts';

/** Objects set aside one after another, without a success between, after which the failure is taken for the pipeline's. */
const maxSetAsideInARow = 5;

/**
 * Decides what becomes of the objects of a run that failed, under the run's lease: the same list again after a while, in
 * smaller groups, or, for one that failed alone for the third time, not any more.
 *
 * @param setAside  keeps the object that nobody loads elsewhere, before it is marked; safe to repeat
 * @returns a sentence about an object that was set aside
 * Killed midway: the objects are still taken; the next run takes the same ones.
 */
export async function settleObjects(
  context: Pick<RunContext, 'pipeline' | 'target'>,
  fence: Fence,
  failure: ObjectFailure,
  setAside: (object: { readonly bucket: string; readonly key: string }) => Promise<void>,
): Promise<string | undefined> {
  const { name } = context.pipeline;
  const { sql } = context.target;
  const taken = await runStatement('Reading the objects', context.target, () =>
    readObjects(sql, name, 'taken', allTaken),
  );
  if (taken.length === 0) return undefined;
  const all = taken.map(({ objectId }) => objectId);
  const verdict = judgeObjects(taken, failure);
  const change = async (...changes: readonly Omit<Parameters<typeof changeObjects>[2], 'from'>[]): Promise<void> => {
    await fenced('Settling objects', context.target, fence, async (transaction) => {
      for (const one of changes) await changeObjects(transaction, name, { from: 'taken', ...one });
    });
  };
  switch (verdict.kind) {
    case 'again':
      await change({ to: 'taken', objectIds: all, failures: 1, delayMinutes: verdict.delayMinutes });
      return undefined;
    case 'apart': {
      const alone = new Set(verdict.alone);
      const others = all.filter((id) => !alone.has(id));
      await change(
        { to: 'waiting', objectIds: others, failures: 1, together: verdict.together, delayMinutes: 0 },
        { to: 'waiting', objectIds: [...alone], failures: 1, together: 1, delayMinutes: 0 },
      );
      return undefined;
    }
    case 'blamed': {
      const { object } = verdict;
      const once = { objectIds: all, failures: 1, together: 1 };
      if (!verdict.setAside) {
        await change({ ...once, to: 'waiting', tries: 1, delayMinutes: 0 });
        return undefined;
      }
      if ((await setAsideInARow(sql, name)) >= maxSetAsideInARow) {
        await change({ ...once, to: 'waiting', delayMinutes: 60 });
        return undefined;
      }
      await setAside(object);
      await change({ ...once, to: 'set_aside', tries: 1, reason: failure.message });
      return `s3://${object.bucket}/${object.key} was set aside after ${maxTries} runs that failed because of it.`;
    }
  }
}
