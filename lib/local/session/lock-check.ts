import { z } from 'zod';
import type { LockedRows, LockStrength } from '../concurrency/row-locks.ts';
import type { Transaction } from '../concurrency/transaction.ts';
import { literal } from '../sql/quote.ts';
import type { SessionBackend } from './session-backend.ts';

const lockedSchema = z.object({ table: z.string(), keys: z.array(z.string()).nullable() });
const keysSchema = z.array(z.string());

/** Compares a transaction's row locks and changes with those of others at its COMMIT, as the user guide's matrix says. */
export class LockCheck {
  private readonly backend: SessionBackend;

  constructor(backend: SessionBackend) {
    this.backend = backend;
  }

  /** The rows a transaction locked and did not change. */
  async lockedRows(transaction: Transaction): Promise<readonly LockedRows[]> {
    const found: LockedRows[] = [];
    for (const { name, strength } of locksOf(transaction)) {
      const value = await this.backend.ask(`SELECT pg_catalog.dsql_locked_rows(to_regclass(${literal(name)}))`);
      if (value === undefined) continue;
      const { table, keys } = lockedSchema.parse(JSON.parse(value));
      if (keys?.length !== 0) found.push({ table, strength, keys: keys ?? undefined });
    }
    return found;
  }

  /** Whether a transaction changed or locked, after its snapshot, rows that others locked and committed since. */
  async conflicts(transaction: Transaction, others: readonly LockedRows[]): Promise<boolean> {
    for (const name of tablesToCompare(transaction, others)) {
      const table = await this.backend.ask(`SELECT to_regclass(${literal(name)})::oid`);
      const onTable = others.filter((rows) => rows.table === table);
      if (table !== undefined && onTable.length > 0 && (await this.meets(transaction, name, table, onTable)))
        return true;
    }
    return false;
  }

  private async meets(
    transaction: Transaction,
    name: string,
    table: string,
    others: readonly LockedRows[],
  ): Promise<boolean> {
    const updates = others.filter((rows) => rows.strength === 'update');
    if (await this.touches(table, updates)) return true;
    if (!changesKeys(transaction, name)) return false;
    const shares = others.filter((rows) => rows.strength === 'key share');
    const touched = await this.touched(table, shares);
    const isExclusive = transaction.rowLocks.get(name) === 'update';
    if (touched === undefined || (isExclusive && touched.length > 0)) return true;
    if (touched.length === 0) return false;
    const keys = literal(JSON.stringify(touched));
    return (await this.backend.ask(`SELECT pg_catalog.dsql_keys_are_gone(${table}, ${keys})`)) !== 'f';
  }

  private async touches(table: string, others: readonly LockedRows[]): Promise<boolean> {
    return (await this.touched(table, others))?.length !== 0;
  }

  /** Of the rows others locked, those this transaction changed or locked; undefined when that cannot be told. */
  private async touched(table: string, others: readonly LockedRows[]): Promise<readonly string[] | undefined> {
    if (others.length === 0) return [];
    const keys = others.flatMap((rows) => rows.keys ?? []);
    const list = others.some((rows) => rows.keys === undefined) ? 'NULL' : literal(JSON.stringify([...new Set(keys)]));
    const { pid } = await this.backend.link.open();
    const value = await this.backend.cluster.locks
      .ask(`SELECT pg_catalog.dsql_touched_rows(${table}, ${pid}, ${list})`)
      .catch(() => undefined);
    return value === undefined ? undefined : keysSchema.parse(JSON.parse(value));
  }
}

/**
 * The tables of which a transaction may have changed or locked rows that others locked. FOR KEY SHARE conflicts with no
 * other: batches under one lease are not compared with each other.
 */
export function tablesToCompare(transaction: Transaction, others: readonly LockedRows[]): readonly string[] {
  if (others.length === 0) return [];
  const names = [...new Set([...transaction.changed, ...transaction.rowLocks.keys()])];
  const met = others.some(({ strength }) => strength === 'update');
  return names.filter((name) => met || changesKeys(transaction, name));
}

/** Whether a transaction may conflict with FOR KEY SHARE: it locked rows FOR UPDATE, or changed rows, and perhaps keys. */
function changesKeys(transaction: Transaction, name: string): boolean {
  return transaction.rowLocks.get(name) === 'update' || transaction.changed.has(name);
}

function locksOf(transaction: Transaction): readonly { readonly name: string; readonly strength: LockStrength }[] {
  return [...transaction.rowLocks].map(([name, strength]) => ({ name, strength }));
}
