import { tableKey } from '../catalog/table-facts.ts';
import type { Statement } from '../sql/statement.ts';
import * as errors from '../wire/dsql-errors.ts';
import type { DsqlError } from '../wire/error-response.ts';
import { errorFields } from '../wire/error-response.ts';

/** What a DDL statement is told when its fate is known. */
export interface SchemaChange {
  /** It has committed by itself. */
  readonly committed: () => void;
  /** It stands in a transaction that is still open. */
  readonly later: () => void;
}

/**
 * Gives OC001: a session that has used a table, which another session's DDL changed since, is told so once, on its next
 * statement that names the table. Sessions are told apart by identity; they forget everything when they end.
 */
export class SchemaWatch {
  private readonly versions = new Map<string, number>();
  /** Versions at which tables were created: what a session knew of an earlier table of that name is not stale, but gone. */
  private readonly createdAt = new Map<string, number>();
  private readonly seen = new WeakMap<object, Map<string, number>>();
  private readonly open = new WeakMap<object, () => void>();
  private readonly unchanged = new WeakSet<object>();

  /** A session is about to run DDL. */
  begin(session: object, statement: Statement): SchemaChange {
    this.unchanged.delete(session);
    const tables = statement.creates === undefined ? statement.tables.map(tableKey) : [];
    const created = statement.node === 'CreateStmt' ? statement.creates : undefined;
    const change = () => {
      if (this.unchanged.has(session)) return;
      this.change(session, tables);
      if (created === undefined) return;
      this.change(session, [tableKey(created)]);
      this.createdAt.set(tableKey(created), this.versions.get(tableKey(created)) ?? 0);
    };
    return { committed: change, later: () => this.open.set(session, change) };
  }

  /** PostgreSQL said something during DDL: `…, skipping` means that nothing changed. */
  noticed(session: object, frame: Buffer): void {
    if (errorFields(frame).M?.endsWith(', skipping') === true) this.unchanged.add(session);
  }

  /** The session's transaction has committed. */
  committed(session: object): void {
    const change = this.open.get(session);
    this.open.delete(session);
    change?.();
  }

  rolledBack(session: object): void {
    this.open.delete(session);
  }

  /** OC001 for the first statement after another session's change; the tables it names count as used from now on. */
  refuse(session: object, statement: Statement): DsqlError | undefined {
    if (statement.tables.length === 0) return undefined;
    let known = this.seen.get(session);
    if (known === undefined) {
      known = new Map();
      this.seen.set(session, known);
    }
    let refusal: DsqlError | undefined;
    for (const table of statement.tables) {
      const key = tableKey(table);
      const version = this.versions.get(key) ?? 0;
      const used = known.get(key);
      const isCreated = statement.creates !== undefined && tableKey(statement.creates) === key;
      const isAnother = used !== undefined && used < (this.createdAt.get(key) ?? 0);
      if (used !== undefined && used < version && !isCreated && !isAnother) refusal = errors.schemaChanged;
      known.set(key, version);
    }
    return refusal;
  }

  private change(session: object, tables: readonly string[]): void {
    for (const table of tables) {
      const version = (this.versions.get(table) ?? 0) + 1;
      this.versions.set(table, version);
      this.seen.get(session)?.set(table, version);
    }
  }
}
