import { loadModule, parseSync } from 'libpg-query';
import { messageOf } from '../../errors.ts';
import { limitRules } from '../rules/limit-rules.ts';
import { dsqlLimits, type LocalLimits } from '../rules/limits.ts';
import type { Rule, RuleContext } from '../rules/rule.ts';
import { ddlStatements, refuseStatement, statementRules } from '../rules/statement-rules.ts';
import { alterRules, indexRules, tableRules } from '../rules/table-rules.ts';
import { typeRules } from '../rules/type-rules.ts';
import type { DsqlError } from '../wire/error-response.ts';
import { translate } from './dialect.ts';
import { rewrite } from './rewrite.ts';
import type { Statement, StatementKind } from './statement.ts';
import { createdTable, surveyTree } from './survey.ts';
import { at, isObject, listAt, numberAt, type Tree, textAt, unwrap, visit } from './tree.ts';

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
    ...plain(sql, kindOf(node, tree, found.modifies > 0 || found.locks), node, tree),
    tables: found.tables,
    targets: found.targets,
    rowLocks: found.rowLocks,
    creates: createdTable(node, tree),
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

function kindOf(node: string, tree: Tree, writes: boolean): StatementKind {
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
  return writes ? 'write' : 'read';
}
