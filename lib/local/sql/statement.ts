import { loadModule, parseSync } from 'libpg-query';
import { messageOf } from '../../errors.ts';
import { reportedSettings, syncIndexSetting } from '../catalog/reported-settings.ts';
import type { LockStrength } from '../concurrency/row-locks.ts';
import { limitRules } from '../rules/limit-rules.ts';
import { dsqlLimits, type LocalLimits } from '../rules/limits.ts';
import type { Rule, RuleContext } from '../rules/rule.ts';
import { ddlStatements, refuseStatement, statementRules } from '../rules/statement-rules.ts';
import { alterRules, indexRules, tableRules } from '../rules/table-rules.ts';
import { typeRules } from '../rules/type-rules.ts';
import type { DsqlError } from '../wire/error-response.ts';
import { translate } from './dialect.ts';
import { type Measure, measuring } from './measure.ts';
import { withNumericDefaults } from './numeric-default.ts';
import { literal } from './quote.ts';
import { scan } from './scanner.ts';
import { at, isObject, listAt, nameParts, numberAt, type Tree, textAt, unwrap, visit } from './tree.ts';

/** What a statement does to its transaction. */
export type StatementKind = 'begin' | 'commit' | 'rollback' | 'read' | 'write' | 'ddl' | 'session' | 'call';

/** A table as a statement names it. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** One statement, judged. The same text gives the same object. */
export interface Statement {
  /** Text for PostgreSQL. */
  readonly sql: string;
  readonly kind: StatementKind;
  /** Node type of the parse tree, e.g. `InsertStmt`. */
  readonly node: string;
  readonly tree: Tree;
  readonly refusal: DsqlError | undefined;
  /** The tag DSQL answers with, where PostgreSQL's differs because the statement was rewritten. */
  readonly tag: string | undefined;
  /** Tables whose rows it changes or locks. */
  readonly targets: readonly TableName[];
  /** Tables of which it locks rows, by a locking clause. */
  readonly rowLocks: ReadonlyMap<TableName, LockStrength>;
  /** Tables it inserts into or updates. */
  readonly writes: readonly TableName[];
  /** Tables whose existing rows it changes. */
  readonly changes: readonly TableName[];
  /** The table or view it creates. */
  readonly creates: TableName | undefined;
  /** It is an INSERT with ON CONFLICT. */
  readonly onConflict: boolean;
  /** Every table it names. */
  readonly tables: readonly TableName[];
  /** It changes rows in more than one place: data-modifying CTEs, whose counts its tag does not hold. */
  readonly hiddenRows: boolean;
  /** How to learn the sizes of the rows it writes, when it inserts or updates. */
  readonly measure: Measure | undefined;
  /** CREATE INDEX ASYNC or ALTER TABLE ASYNC. */
  readonly async: boolean;
}

const rules = group([...statementRules, ...tableRules, ...alterRules, ...indexRules, ...typeRules, ...limitRules]);

function group(all: readonly Rule[]): ReadonlyMap<string, readonly Rule[]> {
  const groups = new Map<string, Rule[]>();
  for (const rule of all) {
    const known = groups.get(rule.node);
    if (known === undefined) groups.set(rule.node, [rule]);
    else known.push(rule);
  }
  return groups;
}

/** Loads the parser; call once before `parseStatements`. */
export async function loadParser(): Promise<void> {
  await loadModule();
}

/** Cuts a text into statements and judges each. Throws nothing: a text that does not parse is one refused statement. */
export function parseStatements(text: string, limits: LocalLimits = dsqlLimits): readonly Statement[] {
  const { sql, asyncAt } = translate(text);
  let parsed: Tree;
  try {
    parsed = sql.trim() === '' ? { stmts: [] } : (parseSync(sql) as Tree);
  } catch (error) {
    if (isEmptyText(error)) return [];
    return [unparsed(sql, error)];
  }
  const bytes = asyncAt.length === 0 && isAscii(sql) ? undefined : Buffer.from(sql);
  const asyncBytes = asyncAt.map((offset) => Buffer.byteLength(sql.slice(0, offset)));
  return listAt(parsed, 'stmts').map((item) => {
    const start = numberAt(item, 'stmt_location');
    const length = numberAt(item, 'stmt_len');
    const end = length === 0 ? undefined : start + length;
    const part = bytes === undefined ? sql.slice(start, end) : bytes.toString('utf8', start, end);
    const [node, tree] = unwrap(at(item, 'stmt'));
    const isAsync = asyncBytes.some((offset) => offset >= start && (end === undefined || offset < end));
    return judge(part, start, node, tree, { async: isAsync, sql: part, limits });
  });
}

function isEmptyText(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query cannot be empty';
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is all of ASCII
  return /^[\x00-\x7f]*$/.test(text);
}

function unparsed(sql: string, error: unknown): Statement {
  const message = messageOf(error);
  const details: unknown = error instanceof Error && 'sqlDetails' in error ? error.sqlDetails : undefined;
  const position = isObject(details as Tree) ? numberAt(details as Tree, 'cursorPosition') : 0;
  const refusal = { sqlstate: '42601', message, position: position + 1 };
  return { ...plain(sql, 'read', '', null), refusal };
}

function plain(sql: string, kind: StatementKind, node: string, tree: Tree): Statement {
  return {
    sql,
    kind,
    node,
    tree,
    refusal: undefined,
    tag: undefined,
    targets: [],
    rowLocks: new Map(),
    creates: undefined,
    onConflict: false,
    writes: [],
    changes: [],
    tables: [],
    hiddenRows: false,
    measure: undefined,
    async: false,
  };
}

function judge(sql: string, start: number, node: string, tree: Tree, context: RuleContext): Statement {
  const found = surveyTree(node, tree);
  const statement: Statement = {
    ...plain(sql, kindOf(node, tree, found.modifies), node, tree),
    tables: found.tables,
    targets: found.targets,
    rowLocks: found.rowLocks,
    creates: created(node, tree),
    onConflict: at(tree, 'onConflictClause') !== undefined,
    writes: found.writes,
    changes: found.changes,
    hiddenRows: found.modifies > 1 || (node === 'SelectStmt' && found.modifies > 0),
    async: context.async,
    refusal: refuse(node, tree, context),
  };
  return rewrite(statement, start);
}

function refuse(node: string, tree: Tree, context: RuleContext): DsqlError | undefined {
  const message = refuseStatement(node);
  if (message !== undefined) return { sqlstate: '0A000', message };
  let refusal: DsqlError | undefined;
  visit({ [node]: tree }, (type, body) => {
    if (refusal !== undefined) return;
    for (const rule of rules.get(type) ?? []) {
      const text = rule.refuse(body, context);
      if (text !== undefined) {
        refusal = { sqlstate: rule.sqlstate ?? '0A000', message: text };
        return;
      }
    }
  });
  return refusal;
}

interface Survey {
  readonly tables: readonly TableName[];
  readonly targets: readonly TableName[];
  readonly rowLocks: ReadonlyMap<TableName, LockStrength>;
  readonly writes: readonly TableName[];
  readonly changes: readonly TableName[];
  /** INSERT, UPDATE, DELETE and locking SELECT in the tree. */
  readonly modifies: number;
}

function surveyTree(node: string, tree: Tree): Survey {
  const tables: TableName[] = [];
  const targets: TableName[] = [];
  const rowLocks = new Map<TableName, LockStrength>();
  const writes: TableName[] = [];
  const changes: TableName[] = [];
  let modifies = 0;
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
      modifies += 1;
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
  return { tables, targets, rowLocks, writes, changes, modifies };
}

function created(node: string, tree: Tree): TableName | undefined {
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

function kindOf(node: string, tree: Tree, modifies: number): StatementKind {
  if (node === 'TransactionStmt') {
    const kind = textAt(tree, 'kind');
    if (kind === 'TRANS_STMT_BEGIN' || kind === 'TRANS_STMT_START') return 'begin';
    if (kind === 'TRANS_STMT_COMMIT') return 'commit';
    if (kind === 'TRANS_STMT_ROLLBACK') return 'rollback';
  }
  if (ddlStatements.has(node)) return 'ddl';
  if (node === 'CopyStmt') return at(tree, 'is_from') === true ? 'write' : 'read';
  if (node === 'CallStmt')
    return textAt(listAt(tree, 'funccall', 'funcname')[0], 'String', 'sval') === 'sys' ? 'call' : 'ddl';
  if (node === 'VariableSetStmt' || node === 'ConstraintsSetStmt') return 'session';
  return modifies > 0 ? 'write' : 'read';
}

/** Statements that PostgreSQL would answer differently are replaced by a query that answers as DSQL does. */
function rewrite(statement: Statement, start: number): Statement {
  if (statement.refusal !== undefined) return statement;
  if (statement.node === 'CreateStmt' || statement.node === 'CreateSchemaStmt' || statement.node === 'AlterTableStmt') {
    return rewriteAsync({ ...statement, sql: withNumericDefaults(statement.sql, start, statement.tree) });
  }
  if (statement.kind === 'write')
    return { ...statement, measure: measuring(statement.sql, statement.node, statement.tree) };
  if (statement.node === 'VariableSetStmt' && textAt(statement.tree, 'name') === syncIndexSetting) {
    return { ...statement, sql: withPostgresName(statement.sql) };
  }
  if (statement.node === 'VariableShowStmt') {
    const name = textAt(statement.tree, 'name');
    if (name === syncIndexSetting) {
      return { ...statement, sql: `SELECT current_setting('${name}') AS ${name}`, tag: 'SHOW' };
    }
    const value = reportedSettings.get(name);
    if (value !== undefined) return { ...statement, sql: `SELECT '${value}'::text AS ${name}`, tag: 'SHOW' };
  }
  if (statement.node === 'IndexStmt') return statement.async ? createIndexAsync(statement) : createIndexNow(statement);
  return rewriteCall(statement);
}

function rewriteAsync(statement: Statement): Statement {
  const [command] = listAt(statement.tree, 'cmds');
  if (/^AT_(En|Dis)ableTrigAll$/.test(textAt(command, 'AlterTableCmd', 'subtype'))) {
    // The triggers of foreign keys are the superuser's; on DSQL there are none to switch.
    const all = scan(statement.sql).findLast((token) => token.kind === 'word' && token.text === 'all');
    if (all === undefined) return statement;
    return { ...statement, sql: `${statement.sql.slice(0, all.start)}USER${statement.sql.slice(all.end)}` };
  }
  if (statement.node === 'AlterTableStmt' && statement.async) {
    const name = textAt(listAt(statement.tree, 'cmds')[0], 'AlterTableCmd', 'name');
    const range = at(statement.tree, 'relation');
    const args = [statement.sql, textAt(range, 'schemaname'), textAt(range, 'relname'), name].map(literal).join(', ');
    return {
      ...statement,
      sql: `SELECT job_id FROM pg_catalog.dsql_validate_async(${args}) AS job_id`,
      tag: 'ALTER TABLE',
    };
  }
  return statement;
}

function rewriteCall(statement: Statement): Statement {
  if (statement.node === 'CallStmt' && statement.kind === 'ddl') {
    return { ...statement, tag: statement.sql.includes('iam_revoke') ? 'AWS IAM REVOKE' : 'AWS IAM GRANT' };
  }
  return statement;
}

/** SET of the setting that PostgreSQL takes only with a prefix. */
function withPostgresName(sql: string): string {
  const name = scan(sql).find((token) => token.text.replaceAll('"', '') === syncIndexSetting);
  return name === undefined ? sql : `${sql.slice(0, name.start)}dsql.${syncIndexSetting}${sql.slice(name.end)}`;
}

/** Without ASYNC an index is made only on an empty table, in a session that has asked for it. */
function createIndexNow(statement: Statement): Statement {
  const range = at(statement.tree, 'relation');
  const args = [statement.sql, textAt(range, 'schemaname'), textAt(range, 'relname')].map(literal).join(', ');
  return { ...statement, sql: `CALL pg_catalog.dsql_create_index_now(${args})`, tag: 'CREATE INDEX' };
}

/** The job builds the index CONCURRENTLY, as DSQL leaves writers alone; a trial on an empty copy finds what is wrong at once. */
function createIndexAsync(statement: Statement): Statement {
  const tokens = scan(statement.sql);
  const index = tokens.find((token) => token.kind === 'word' && token.text === 'index')?.end ?? 0;
  const build = `${statement.sql.slice(0, index)} CONCURRENTLY${statement.sql.slice(index)}`;
  const range = at(statement.tree, 'relation');
  const schema = textAt(range, 'schemaname');
  const onTable = tokens.findIndex((token) => token.kind === 'word' && token.text === 'on');
  const name = schema === '' ? undefined : tokens[onTable + 1];
  const dot = tokens[onTable + 2];
  const trial =
    name === undefined || dot === undefined
      ? statement.sql
      : `${statement.sql.slice(0, name.start)}pg_temp${statement.sql.slice(dot.start)}`;
  const args = [build, trial, schema, textAt(range, 'relname'), textAt(statement.tree, 'idxname')]
    .map(literal)
    .join(', ');
  const tolerant = at(statement.tree, 'if_not_exists') === true;
  return {
    ...statement,
    sql: `SELECT job_id FROM pg_catalog.dsql_create_index_async(${args}, ${tolerant}) AS job_id`,
    tag: 'CREATE INDEX',
  };
}
