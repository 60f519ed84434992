import type { LockStrength } from '../concurrency/row-locks.ts';
import type { TableName } from './statement.ts';
import { at, listAt, nameParts, type Tree, textAt, visit } from './tree.ts';

/** Which tables a statement names, and what it does with their rows. */
export interface Survey {
  readonly tables: readonly TableName[];
  readonly targets: readonly TableName[];
  readonly rowLocks: ReadonlyMap<TableName, LockStrength>;
  readonly writes: readonly TableName[];
  readonly changes: readonly TableName[];
  /** INSERT, UPDATE and DELETE in the tree. */
  readonly modifies: number;
  /** A SELECT in the tree, or the statement itself, locks rows. */
  readonly locks: boolean;
}

/** Looks through a whole tree, subqueries and common table expressions included. */
export function surveyTree(node: string, tree: Tree): Survey {
  const tables: TableName[] = [];
  const targets: TableName[] = [];
  const rowLocks = new Map<TableName, LockStrength>();
  const writes: TableName[] = [];
  const changes: TableName[] = [];
  let modifies = 0;
  let locks = false;
  visit({ [node]: tree }, (type, body) => {
    if (type === 'RangeVar') tables.push(tableName(body));
    if (type === 'DropStmt' && textAt(body, 'removeType') === 'OBJECT_TABLE') {
      for (const object of listAt(body, 'objects')) {
        const parts = nameParts(listAt(object, 'List', 'items'));
        tables.push({ schema: parts.at(-2) ?? '', table: parts.at(-1) ?? '' });
      }
    }
    if (type === 'InsertStmt' || type === 'UpdateStmt' || type === 'DeleteStmt') {
      modifies += 1;
      targets.push(tableName(at(body, 'relation')));
      if (type !== 'DeleteStmt') writes.push(tableName(at(body, 'relation')));
      if (type !== 'InsertStmt' || textAt(body, 'onConflictClause', 'action') === 'ONCONFLICT_UPDATE') {
        changes.push(tableName(at(body, 'relation')));
      }
    }
    if (type === 'SelectStmt' && listAt(body, 'lockingClause').length > 0) {
      locks = true;
      const strength = locksForUpdate(body) ? 'update' : 'key share';
      for (const item of listAt(body, 'fromClause')) {
        visit(item, (t, b) => {
          if (t !== 'RangeVar') return;
          targets.push(tableName(b));
          rowLocks.set(tableName(b), strength);
        });
      }
    }
  });
  if (node === 'CopyStmt' && at(tree, 'is_from') === true) {
    targets.push(tableName(at(tree, 'relation')));
    writes.push(tableName(at(tree, 'relation')));
  }
  return { tables, targets, rowLocks, writes, changes, modifies, locks };
}

/** The table or view a statement creates. */
export function createdTable(node: string, tree: Tree): TableName | undefined {
  if (node === 'CreateStmt') return tableName(at(tree, 'relation'));
  return node === 'ViewStmt' ? tableName(at(tree, 'view')) : undefined;
}

function locksForUpdate(select: Tree): boolean {
  return listAt(select, 'lockingClause').some(
    (clause) => textAt(clause, 'LockingClause', 'strength') === 'LCS_FORUPDATE',
  );
}

function tableName(range: Tree | undefined): TableName {
  return { schema: textAt(range, 'schemaname'), table: textAt(range, 'relname') };
}
