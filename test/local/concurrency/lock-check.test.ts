import { expect, test } from 'vitest';
import type { LockStrength } from '../../../lib/local/concurrency/row-locks.ts';
import { Transaction } from '../../../lib/local/concurrency/transaction.ts';
import { Turn } from '../../../lib/local/concurrency/turn.ts';
import { tablesToCompare } from '../../../lib/local/session/lock-check.ts';

/** What is compared of a transaction that locked or changed rows of `lease`, where others locked one. */
function compared(own: LockStrength | 'changed', others: LockStrength): readonly string[] {
  const transaction = new Transaction(true, 0, { turn: new Turn(() => 0), unseat: async () => true }, 0);
  transaction.touch(own === 'changed' ? ['lease'] : [], new Map(own === 'changed' ? [] : [['lease', own]]));
  return tablesToCompare(transaction, [{ table: '1', strength: others, keys: ['["a"]'] }]);
}

test('batches that share a lease are not compared with each other at COMMIT, and everything else is', () => {
  expect(compared('key share', 'key share')).toEqual([]);
  expect(compared('key share', 'update')).toEqual(['lease']);
  expect(compared('update', 'key share')).toEqual(['lease']);
  expect(compared('changed', 'key share')).toEqual(['lease']);
});
