import { settableNames } from '../catalog/reported-settings.ts';
import { at, lastName, listAt, nameParts, type Tree, textAt, unwrap } from '../sql/tree.ts';
import { always, type Rule, when } from './rule.ts';

/** Statements that change the catalog; DSQL takes one in a transaction. */
export const ddlStatements: ReadonlySet<string> = new Set([
  'CreateStmt',
  'AlterTableStmt',
  'IndexStmt',
  'DropStmt',
  'RenameStmt',
  'AlterObjectSchemaStmt',
  'AlterOwnerStmt',
  'ViewStmt',
  'CreateSchemaStmt',
  'CreateSeqStmt',
  'AlterSeqStmt',
  'CreateDomainStmt',
  'AlterDomainStmt',
  'CreateFunctionStmt',
  'AlterFunctionStmt',
  'CreateRoleStmt',
  'AlterRoleStmt',
  'DropRoleStmt',
  'GrantStmt',
  'GrantRoleStmt',
  'AlterDefaultPrivilegesStmt',
  'DropOwnedStmt',
  'ReassignOwnedStmt',
  'CreateStatsStmt',
  'AlterStatsStmt',
  'CommentStmt',
]);

/** Statements DSQL runs. Every other statement PostgreSQL's grammar knows is refused by its node's name. */
const supportedStatements: ReadonlySet<string> = new Set([
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'CopyStmt',
  'ExplainStmt',
  'CallStmt',
  'TransactionStmt',
  'VariableSetStmt',
  'VariableShowStmt',
  'ConstraintsSetStmt',
  'VacuumStmt',
  ...ddlStatements,
  'DeallocateStmt',
]);

/** Node names that DSQL does not print by dropping `Stmt`. */
const ownMessages: Readonly<Record<string, string>> = {
  MergeStmt: 'unsupported statement type: MERGE',
  CreateTrigStmt: 'CREATE TRIGGER not supported',
  CreateEnumStmt: 'CREATE TYPE not supported',
  DefineStmt: 'unsupported statement: Define',
  CreatePLangStmt: 'unsupported statement: CreatePLang',
};

/** The refusal of a statement that is not supported at all. */
export function refuseStatement(node: string): string | undefined {
  if (supportedStatements.has(node)) return undefined;
  return Object.hasOwn(ownMessages, node) ? ownMessages[node] : `unsupported statement: ${node.replace(/Stmt$/, '')}`;
}

const droppable = new Set([
  'OBJECT_TABLE',
  'OBJECT_INDEX',
  'OBJECT_VIEW',
  'OBJECT_SEQUENCE',
  'OBJECT_SCHEMA',
  'OBJECT_FUNCTION',
  'OBJECT_DOMAIN',
  'OBJECT_STATISTIC_EXT',
  'OBJECT_ROUTINE',
]);

const transactionVerbs: Readonly<Record<string, string>> = {
  TRANS_STMT_SAVEPOINT: 'SAVEPOINT',
  TRANS_STMT_RELEASE: 'RELEASE',
  TRANS_STMT_ROLLBACK_TO: 'ROLLBACK TO',
  TRANS_STMT_PREPARE: 'PREPARE TRANSACTION',
  TRANS_STMT_COMMIT_PREPARED: 'COMMIT PREPARED',
  TRANS_STMT_ROLLBACK_PREPARED: 'ROLLBACK PREPARED',
};

function isolationOf(options: readonly Tree[]): string | undefined {
  const option = options.find((item) => textAt(item, 'DefElem', 'defname') === 'transaction_isolation');
  return option === undefined ? undefined : textAt(option, 'DefElem', 'arg', 'A_Const', 'sval', 'sval');
}

function refuseIsolation(options: readonly Tree[]): string | undefined {
  const level = isolationOf(options);
  return level === undefined || level === 'repeatable read'
    ? undefined
    : `Unsupported isolation level: ${level.toUpperCase()}`;
}

function refuseSet(body: Tree): string | undefined {
  const name = textAt(body, 'name');
  const kind = textAt(body, 'kind');
  if (kind === 'VAR_SET_MULTI') {
    return refuseIsolation(listAt(body, 'args')) ?? `setting configuration parameter "${name}" not supported`;
  }
  if (kind === 'VAR_RESET_ALL' || settableNames.has(name.toLowerCase())) return undefined;
  return `setting configuration parameter "${name}" not supported`;
}

function option(body: Tree, name: string): Tree | undefined {
  return listAt(body, 'options')
    .map((item) => at(item, 'DefElem'))
    .find((item) => textAt(item, 'defname') === name);
}

function refuseLanguage(body: Tree): string | undefined {
  const language = textAt(at(option(body, 'language'), 'arg'), 'String', 'sval').toLowerCase();
  if (language === 'sql' || (language === '' && at(body, 'sql_body') !== undefined)) return undefined;
  return language === '' ? undefined : `CREATE FUNCTION with language ${language} not supported`;
}

function refuseCall(body: Tree): string | undefined {
  const [schema, name] = nameParts(listAt(body, 'funccall', 'funcname'));
  if (schema === 'sys' && name === 'wait_for_job') return undefined;
  return schema === 'pg_catalog' && (name === 'dsql_iam_grant' || name === 'dsql_iam_revoke')
    ? undefined
    : 'PROCEDURE is not supported';
}

function isSystemSchema(body: Tree): boolean {
  return (
    textAt(body, 'objtype') === 'OBJECT_SCHEMA' &&
    listAt(body, 'objects').some((item) =>
      ['public', 'sys', 'pg_catalog', 'information_schema'].includes(textAt(item, 'String', 'sval')),
    )
  );
}

/** Statements that are refused in some of their forms. */
export const statementRules: readonly Rule[] = [
  {
    node: 'TransactionStmt',
    refuse: (body) => {
      const kind = textAt(body, 'kind');
      const word = Object.hasOwn(transactionVerbs, kind) ? transactionVerbs[kind] : undefined;
      return word === undefined
        ? refuseIsolation(listAt(body, 'options'))
        : `unsupported transaction statement: ${word}`;
    },
    source: 'recorded',
  },
  when(
    'TransactionStmt',
    (body) => at(body, 'chain') === true,
    'unsupported transaction statement: AND CHAIN',
    'inferred',
  ),
  { node: 'VariableSetStmt', refuse: refuseSet, source: 'recorded' },
  when('VacuumStmt', (body) => at(body, 'is_vacuumcmd') === true, 'unsupported VACUUM statement', 'recorded'),
  when(
    'DropStmt',
    (body) => {
      const kind = textAt(body, 'removeType');
      const isAbsent = kind === 'OBJECT_TRIGGER' && at(body, 'missing_ok') === true;
      return !droppable.has(kind) && !isAbsent;
    },
    'unsupported object in DROP statement',
    'recorded',
  ),
  when('CreateFunctionStmt', (body) => at(body, 'is_procedure') === true, 'PROCEDURE is not supported', 'recorded'),
  { node: 'CreateFunctionStmt', refuse: refuseLanguage, source: 'recorded' },
  when(
    'LockingClause',
    (body) => !['LCS_FORUPDATE', 'LCS_FORKEYSHARE'].includes(textAt(body, 'strength')),
    'locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported',
    'recorded',
  ),
  always('RangeTableSample', 'TABLESAMPLE clause not supported', 'recorded'),
  when(
    'SelectStmt',
    (body) => at(body, 'intoClause') !== undefined,
    'unsupported statement: CreateTableAs',
    'inferred',
  ),
  // DEALLOCATE ALL, which drivers send, is taken; a name can only be one of PREPARE, which is not.
  when('DeallocateStmt', (body) => textAt(body, 'name') !== '', 'unsupported statement: Deallocate', 'documented'),
  { node: 'CallStmt', refuse: refuseCall, source: 'recorded' },
  when(
    'CopyStmt',
    (body) => textAt(body, 'filename') !== '' || at(body, 'is_program') === true,
    'COPY to or from a file or program is not supported',
    'inferred',
  ),
  when('GrantStmt', isSystemSchema, 'feature not supported on system entity', 'recorded'),
  when(
    'ViewStmt',
    (body) => textAt(body, 'view', 'relpersistence') === 't',
    'TEMPORARY or TEMP view not supported for CREATE VIEW',
    'inferred',
  ),
  when('CurrentOfExpr', () => true, 'WHERE CURRENT OF not supported', 'inferred'),
  {
    node: 'FuncCall',
    refuse: (body) => {
      const name = lastName(listAt(body, 'funcname'));
      return /^pg_(try_)?advisory_/.test(name) ? `function ${name} not supported` : undefined;
    },
    source: 'inferred',
  },
  {
    node: 'ExplainStmt',
    refuse: (body) => {
      const [node] = unwrap(at(body, 'query'));
      return refuseStatement(node);
    },
    source: 'inferred',
  },
];
