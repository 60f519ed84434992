import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ConflictRetriesExhaustedError } from '../../lib/dsql/errors.ts';
import { LeaseLostError } from '../../lib/state/errors.ts';
import { checkFence, fenced } from '../../lib/state/fence.ts';
import { keepLease, type Lease, releaseLease, renewLease, takeLease } from '../../lib/state/lease.ts';
import { writeLedgerEntry } from '../../lib/state/ledger.ts';
import { ensureServiceTables } from '../../lib/state/service-tables.ts';
import { type LocalTarget, localTarget } from '../support/local-target.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
  await ensureServiceTables(target);
});

afterAll(async () => {
  await target.remove();
});

beforeEach(async () => {
  await target.sql`DELETE FROM etl_state`;
  await target.sql`DELETE FROM etl_lease`;
  await target.sql`DELETE FROM etl_load_ledger`;
});

const request = (holder: string): Parameters<typeof takeLease>[1] => ({
  name: 'p',
  holder,
  seconds: 60,
  runId: holder,
});

async function taken(holder: string): Promise<Lease> {
  const result = await takeLease(target, request(holder));
  if ('heldBy' in result) throw new Error(`held by ${result.heldBy?.holder}`);
  return result.lease;
}

/** The lease's time is over. */
async function expire(): Promise<void> {
  await target.sql`
    UPDATE etl_state SET lease = lease || jsonb_build_object('expires_at', CURRENT_TIMESTAMP - interval '1 second')`;
}

const entry = (batch: number): Parameters<typeof writeLedgerEntry>[3] => ({
  chunk: 0,
  batch: String(batch),
  inserted: 1,
  updated: 0,
  unchanged: 0,
  rejected: 0,
});

const batches = async (): Promise<number> => (await target.sql`SELECT 1 FROM etl_load_ledger`).length;

describe('a holder whose lease was taken over', () => {
  it('cannot begin a transaction that commits', async () => {
    const first = await taken('first');
    await expire();
    const second = await taken('second');
    expect(second.epoch).toBeGreaterThan(first.epoch);
    const write = (lease: Lease): Promise<void> =>
      target.sql.begin((transaction) => writeLedgerEntry(transaction, lease, 'r', entry(1)));
    await expect(write(first)).rejects.toThrow(LeaseLostError);
    await expect(fenced('Writing', target, first, async () => undefined)).rejects.toThrow(LeaseLostError);
    expect(await batches()).toBe(0);
    await write(second);
    expect(await batches()).toBe(1);
  });

  it('cannot commit a transaction that was under way', async () => {
    for (const check of ['with the ledger row', 'by itself']) {
      const first = await taken(`first ${check}`);
      const attempt = target.sql.begin(async (transaction) => {
        await transaction`INSERT INTO etl_load_ledger (run_id, chunk, batch, rows_loaded, rows_inserted, rows_updated, rows_rejected)
                          VALUES ('stale', 0, ${check}, 1, 1, 0, 0)`;
        if (check === 'by itself') await checkFence(transaction, first);
        else await writeLedgerEntry(transaction, first, 'r', entry(2));
        await expire();
        await taken(`second ${check}`);
      });
      await expect(attempt, check).rejects.toMatchObject({ code: '40001' });
      expect(await batches(), check).toBe(0);
      await expire();
    }
  });

  it('is told so by its retry', async () => {
    const first = await taken('first');
    let attempts = 0;
    const attempt = fenced('Writing', target, first, async (transaction) => {
      attempts += 1;
      await transaction`SELECT 1`;
      if (attempts > 1) return;
      await expire();
      await taken('second');
    });
    await expect(attempt).rejects.toThrow(LeaseLostError);
    await expect(attempt).rejects.not.toThrow(ConflictRetriesExhaustedError);
  });

  it('does not take it anew by renewing it', async () => {
    const first = await taken('first');
    await expire();
    const second = await taken('second');
    await releaseLease(target, second);
    expect(await renewLease(target, first)).toBe(false);
    const kept = keepLease(target, { ...first, seconds: 0.04 });
    while (!kept.lost()) await new Promise((resolve) => setTimeout(resolve, 5));
    await kept.release();
    expect(await target.sql`SELECT lease FROM etl_state WHERE lease IS NOT NULL`).toEqual([]);
    expect(await target.sql`SELECT 1 FROM etl_lease`).toEqual([]);
  });
});

describe('a lease', () => {
  it('is kept by renewals after its time, as long as nobody took it over', async () => {
    const lease = await taken('slow');
    await expire();
    expect(await renewLease(target, lease)).toBe(true);
    expect(await takeLease(target, request('other'))).toMatchObject({ heldBy: { run_id: 'slow' } });
  });

  it('tells the stage of its run, and is written again only when that is another one', async () => {
    const lease = await taken('telling');
    const told = async (): Promise<unknown> =>
      (await target.sql`SELECT lease->'progress'->>'stage' AS stage, xmin::text AS written FROM etl_state`)[0];
    expect(await renewLease(target, lease, { stage: 'extract' })).toBe(true);
    const first = await told();
    expect(first).toMatchObject({ stage: 'extract' });
    expect(await renewLease(target, lease, { stage: 'extract' })).toBe(true);
    expect(await renewLease(target, lease)).toBe(true);
    expect(await told()).toEqual(first);
    expect(await renewLease(target, lease, { stage: 'load' })).toBe(true);
    expect(await told()).toMatchObject({ stage: 'load' });
  });

  it('is renewed while batches commit, without a conflict on either side', async () => {
    const lease = await taken('busy');
    const conflicts: string[] = [];
    const retry = { ...target.retry, onRetry: ({ words }: { readonly words: string }) => conflicts.push(words) };
    let done = false;
    const renewals = (async () => {
      while (!done) {
        await target.sql`UPDATE etl_state SET lease = lease || '{"expires_at": "2000-01-01T00:00:00Z"}'::jsonb`;
        expect(await renewLease({ ...target, retry }, lease)).toBe(true);
      }
    })();
    await Promise.all(
      [0, 1, 2].map(async (worker) => {
        for (let batch = 0; batch < 20; batch += 1) {
          await fenced('Writing', { ...target, retry }, lease, async (transaction) => {
            await writeLedgerEntry(transaction, lease, `r${worker}`, entry(batch));
          });
        }
      }),
    );
    done = true;
    await renewals;
    expect(conflicts).toEqual([]);
    expect(await batches()).toBe(60);
  });

  it('grows its epoch even where somebody has deleted its row', async () => {
    const first = await taken('first');
    await target.sql`DELETE FROM etl_state`;
    const second = await taken('second');
    expect(second.epoch).toBeGreaterThan(first.epoch);
    await expect(
      target.sql.begin((transaction) => writeLedgerEntry(transaction, first, 'r', entry(1))),
    ).rejects.toThrow(LeaseLostError);
  });

  it('of one name is held by one of many who ask at once', async () => {
    const results = await Promise.all(Array.from({ length: 5 }, (_, index) => takeLease(target, request(`h${index}`))));
    expect(results.filter((result) => 'lease' in result)).toHaveLength(1);
    expect(await target.sql`SELECT 1 FROM etl_lease`).toHaveLength(1);
  });
});
