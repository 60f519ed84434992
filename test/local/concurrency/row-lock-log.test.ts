import { expect, test } from 'vitest';
import { RowLocks } from '../../../lib/local/concurrency/row-locks.ts';

const rows = [{ table: '1', strength: 'update', keys: ['[1]'] }] as const;

test('a lock is kept while its COMMIT is under way, although no other transaction is open', () => {
  const locks = new RowLocks();
  const holder = { startedAfter: 4 };
  locks.began(holder);
  const entry = locks.enter(rows);
  locks.ended(holder);
  const late = { startedAfter: 4 };
  locks.began(late);
  locks.settle(entry, 5);
  expect(locks.since(late, undefined)).toEqual(rows);
});

test('a lock is kept for transactions with an older snapshot, and forgotten when the last of them ends', () => {
  const locks = new RowLocks();
  const [older, newer] = [{ startedAfter: 4 }, { startedAfter: 5 }];
  locks.began(older);
  locks.settle(locks.enter(rows), 5);
  locks.began(newer);
  expect(locks.since(older, undefined)).toEqual(rows);
  expect(locks.since(newer, undefined)).toEqual([]);
  locks.ended(older);
  expect(locks.since(older, undefined)).toEqual([]);
});

test('the lock of a COMMIT that failed is no conflict, and a transaction has none with itself', () => {
  const locks = new RowLocks();
  const open = { startedAfter: 0 };
  locks.began(open);
  const entry = locks.enter(rows);
  expect(locks.since(open, entry)).toEqual([]);
  locks.settle(entry, undefined);
  expect(locks.since(open, undefined)).toEqual([]);
});
