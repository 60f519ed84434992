import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inLoadSlot, releaseLoadSlot, takeLoadSlot } from '../../lib/state/load-slot.ts';
import { ensureServiceTables } from '../../lib/state/service-tables.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
  await ensureServiceTables(target);
}, 60_000);

afterAll(async () => {
  await target?.remove();
});

const request = (holder: string, slots = 2) => ({ holder, slots, runId: 'run', seconds: 60 });

describe('the slots of load functions', () => {
  it('are as many as allowed, of all runs together, and free again when they are given back', async () => {
    const [first, second] = [await takeLoadSlot(target, request('a')), await takeLoadSlot(target, request('b'))];
    if (first === undefined || second === undefined) throw new Error('two are free');
    expect(first.name).not.toBe(second.name);
    expect(await takeLoadSlot(target, request('c'))).toBeUndefined();
    await releaseLoadSlot(target, first);
    const third = await takeLoadSlot(target, request('c'));
    expect(third?.name).toBe(first.name);
    for (const slot of [second, third]) if (slot !== undefined) await releaseLoadSlot(target, slot);
    expect(await target.sql`SELECT 1 FROM etl_state WHERE pipeline_name LIKE 'load slot %'`).toEqual([]);
  });

  it('stay the same holder’s when its call is repeated, and are free when their time is over', async () => {
    const taken = await takeLoadSlot(target, request('a', 1));
    const again = await takeLoadSlot(target, request('a', 1));
    expect(again?.name).toBe(taken?.name);
    expect(await takeLoadSlot(target, request('b', 1))).toBeUndefined();
    await target.sql`
      UPDATE etl_state SET lease = lease || jsonb_build_object('expires_at', CURRENT_TIMESTAMP - interval '1 second')
       WHERE pipeline_name LIKE 'load slot %'`;
    const next = await takeLoadSlot(target, request('b', 1));
    expect(next).toBeDefined();
    if (again !== undefined) await releaseLoadSlot(target, again);
    expect(
      await takeLoadSlot(target, request('c', 1)),
      'a late release takes nothing of the next holder',
    ).toBeUndefined();
    if (next !== undefined) await releaseLoadSlot(target, next);
  });

  it('are kept for as long as the work takes, and free soon after a holder that was killed', async () => {
    const short = (holder: string) => ({ ...request(holder, 1), seconds: 1 });
    let others = 0;
    const done = await inLoadSlot(target, short('a'), async () => {
      for (let look = 0; look < 6; look += 1) {
        await target.retry.clock.sleep(400);
        if ((await takeLoadSlot(target, short('b'))) !== undefined) others += 1;
      }
      return 'done';
    });
    expect({ done, others }).toEqual({ done: 'done', others: 0 });
    // Nobody renews the slot of a function that was killed.
    expect(await takeLoadSlot(target, short('killed'))).toBeDefined();
    expect(await inLoadSlot(target, short('b'), async () => 'too early')).toBeUndefined();
    await target.retry.clock.sleep(1_200);
    expect(await inLoadSlot(target, short('b'), async () => 'free')).toBe('free');
  });

  it('never work more at once than there are, and let everybody through in the end', async () => {
    let working = 0;
    let most = 0;
    let done = 0;
    const load = async (holder: string): Promise<void> => {
      for (;;) {
        const slot = await takeLoadSlot(target, request(holder, 3));
        if (slot === undefined) {
          await target.retry.clock.sleep(20);
          continue;
        }
        working += 1;
        most = Math.max(most, working);
        // The first one works until another has joined it.
        do await target.retry.clock.sleep(5);
        while (most < 2);
        working -= 1;
        await releaseLoadSlot(target, slot);
        done += 1;
        return;
      }
    };
    await Promise.all(Array.from({ length: 12 }, (_, index) => load(`function ${index}`)));
    expect(done).toBe(12);
    expect(most).toBeLessThanOrEqual(3);
  }, 60_000);
});
