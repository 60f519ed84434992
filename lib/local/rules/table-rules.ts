import { scan } from '../sql/scanner.ts';
import { at, lastName, listAt, numberAt, type Tree, textAt } from '../sql/tree.ts';
import { always, type Rule, when } from './rule.ts';
import { printedType } from './type-rules.ts';

const cacheNeeded = 'without an explicit cache size. please define CACHE greater than or equal to 65536 or equal to 1';

function cacheOf(options: readonly Tree[]): number | undefined {
  const option = options.find((item) => textAt(item, 'DefElem', 'defname') === 'cache');
  if (option === undefined) return undefined;
  const argument = at(option, 'DefElem', 'arg');
  return numberAt(argument, 'Integer', 'ival') || Number(textAt(argument, 'Float', 'fval'));
}

/** The refusal of a CACHE that is given and wrong; its SQLSTATE is 22023. */
function refuseCacheSize(options: readonly Tree[]): string | undefined {
  const cache = cacheOf(options);
  if (cache === undefined || cache === 1 || cache >= 65_536) return undefined;
  return `CACHE (${cache}) must be greater than or equal to 65536 or equal to 1`;
}

function refuseSequenceType(options: readonly Tree[]): string | undefined {
  const type = options.find((item) => textAt(item, 'DefElem', 'defname') === 'as');
  if (type === undefined || lastName(listAt(type, 'DefElem', 'arg', 'TypeName', 'names')) === 'int8') return undefined;
  return 'sequence type must be bigint';
}

/** Options of an identity column's sequence; undefined for any other column. */
function identityOptions(column: Tree): readonly Tree[] | undefined {
  const identity = listAt(column, 'constraints').find(
    (item) => textAt(item, 'Constraint', 'contype') === 'CONSTR_IDENTITY',
  );
  return identity === undefined ? undefined : listAt(identity, 'Constraint', 'options');
}

function constraintTypes(column: Tree | undefined): readonly string[] {
  return listAt(column, 'constraints').map((item) => textAt(item, 'Constraint', 'contype'));
}

function refuseIdentity(column: Tree): string | undefined {
  const options = identityOptions(column);
  if (options === undefined) return undefined;
  const type = lastName(listAt(column, 'typeName', 'names'));
  if (type !== 'int8') {
    return `datatype ${printedType(at(column, 'typeName'))} not supported, identity column type must be bigint`;
  }
  return cacheOf(options) === undefined ? `identity column is not supported ${cacheNeeded}` : undefined;
}

/** CREATE TABLE and sequences. */
export const tableRules: readonly Rule[] = [
  when(
    'CreateStmt',
    (body) => textAt(body, 'relation', 'relpersistence') === 't',
    'TEMPORARY or TEMP table not supported for CREATE TABLE',
    'recorded',
  ),
  when(
    'CreateStmt',
    (body) => textAt(body, 'relation', 'relpersistence') === 'u',
    'UNLOGGED table not supported for CREATE TABLE',
    'recorded',
  ),
  when(
    'CreateStmt',
    (body) => at(body, 'partspec') !== undefined,
    'PARTITION BY not supported for CREATE TABLE',
    'inferred',
  ),
  when(
    'CreateStmt',
    (body) => at(body, 'partbound') !== undefined,
    'PARTITION OF not supported for CREATE TABLE',
    'inferred',
  ),
  when(
    'CreateStmt',
    (body) => listAt(body, 'inhRelations').length > 0,
    'INHERITS not supported for CREATE TABLE',
    'inferred',
  ),
  when(
    'CreateStmt',
    (body) => at(body, 'ofTypename') !== undefined,
    'OF type not supported for CREATE TABLE',
    'inferred',
  ),
  when(
    'CreateStmt',
    (body) => textAt(body, 'tablespacename') !== '',
    'TABLESPACE not supported for CREATE TABLE',
    'inferred',
  ),
  when('CreateStmt', (body) => textAt(body, 'accessMethod') !== '', 'USING not supported for CREATE TABLE', 'inferred'),
  when('CreateStmt', (body) => listAt(body, 'options').length > 0, 'WITH not supported for CREATE TABLE', 'inferred'),
  when(
    'Constraint',
    (body) => textAt(body, 'contype') === 'CONSTR_EXCLUSION',
    'EXCLUDE constraint not supported',
    'inferred',
  ),
  { node: 'CreateStmt', refuse: (body) => firstRefusal(listAt(body, 'tableElts'), refuseIdentity), source: 'recorded' },
  {
    node: 'CreateStmt',
    sqlstate: '22023',
    refuse: (body) =>
      firstRefusal(listAt(body, 'tableElts'), (column) => refuseCacheSize(identityOptions(column) ?? [])),
    source: 'recorded',
  },
  {
    node: 'CreateSeqStmt',
    sqlstate: '22023',
    refuse: (body) => refuseSequenceType(listAt(body, 'options')) ?? refuseCacheSize(listAt(body, 'options')),
    source: 'recorded',
  },
  {
    node: 'CreateSeqStmt',
    refuse: (body) =>
      cacheOf(listAt(body, 'options')) === undefined ? `CREATE SEQUENCE is not supported ${cacheNeeded}` : undefined,
    source: 'recorded',
  },
  when(
    'CreateSeqStmt',
    (body) => textAt(body, 'sequence', 'relpersistence') === 't',
    'TEMPORARY or TEMP sequence not supported for CREATE SEQUENCE',
    'inferred',
  ),
  {
    node: 'AlterSeqStmt',
    sqlstate: '22023',
    refuse: (body) => refuseSequenceType(listAt(body, 'options')) ?? refuseCacheSize(listAt(body, 'options')),
    source: 'inferred',
  },
];

function firstRefusal(elements: readonly Tree[], refuse: (column: Tree) => string | undefined): string | undefined {
  for (const element of elements) {
    const column = at(element, 'ColumnDef');
    const refusal = column === undefined ? undefined : refuse(column);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

const addColumn = 'ALTER TABLE ADD COLUMN with constraint not supported';
const addConstraint = 'unsupported ALTER TABLE ADD CONSTRAINT statement';

/** What ALTER TABLE may do, by subtype; anything else is refused by a rule of its own. */
const alterForms: Readonly<Record<string, string>> = {
  AT_AlterColumnType: 'ALTER COLUMN ... SET DATA TYPE',
  AT_ValidateConstraint: 'VALIDATE CONSTRAINT',
  AT_SetNotNull: 'ALTER COLUMN ... SET NOT NULL',
  AT_SetExpression: 'ALTER COLUMN ... SET EXPRESSION',
  AT_SetStatistics: 'ALTER COLUMN ... SET STATISTICS',
  AT_SetOptions: 'ALTER COLUMN ... SET',
  AT_ResetOptions: 'ALTER COLUMN ... RESET',
  AT_SetCompression: 'ALTER COLUMN ... SET COMPRESSION',
  AT_AlterConstraint: 'ALTER CONSTRAINT',
  AT_ClusterOn: 'CLUSTER ON',
  AT_DropCluster: 'SET WITHOUT CLUSTER',
  AT_SetLogged: 'SET LOGGED',
  AT_SetUnLogged: 'SET UNLOGGED',
  AT_DropOids: 'SET WITHOUT OIDS',
  AT_SetAccessMethod: 'SET ACCESS METHOD',
  AT_SetTableSpace: 'SET TABLESPACE',
  AT_SetRelOptions: 'SET',
  AT_ResetRelOptions: 'RESET',
  AT_EnableTrig: 'ENABLE TRIGGER',
  AT_EnableAlwaysTrig: 'ENABLE TRIGGER',
  AT_EnableReplicaTrig: 'ENABLE TRIGGER',
  AT_DisableTrig: 'DISABLE TRIGGER',
  AT_EnableRule: 'ENABLE RULE',
  AT_EnableAlwaysRule: 'ENABLE RULE',
  AT_EnableReplicaRule: 'ENABLE RULE',
  AT_DisableRule: 'DISABLE RULE',
  AT_AddInherit: 'INHERIT',
  AT_DropInherit: 'NO INHERIT',
  AT_AddOf: 'OF',
  AT_DropOf: 'NOT OF',
  AT_ReplicaIdentity: 'REPLICA IDENTITY',
  AT_EnableRowSecurity: 'ENABLE ROW LEVEL SECURITY',
  AT_DisableRowSecurity: 'DISABLE ROW LEVEL SECURITY',
  AT_ForceRowSecurity: 'FORCE ROW LEVEL SECURITY',
  AT_NoForceRowSecurity: 'NO FORCE ROW LEVEL SECURITY',
  AT_GenericOptions: 'OPTIONS',
  AT_AttachPartition: 'ATTACH PARTITION',
  AT_DetachPartition: 'DETACH PARTITION',
  AT_DetachPartitionFinalize: 'DETACH PARTITION',
};

/** ALTER TABLE, subtype by subtype. */
export const alterRules: readonly Rule[] = [
  when(
    'AlterTableCmd',
    (body) => textAt(body, 'subtype') === 'AT_AddColumn' && constraintTypes(at(body, 'def', 'ColumnDef')).length > 0,
    addColumn,
    'recorded',
  ),
  {
    node: 'AlterTableCmd',
    refuse: (body) => {
      if (textAt(body, 'subtype') !== 'AT_AddConstraint') return undefined;
      const constraint = at(body, 'def', 'Constraint');
      const type = textAt(constraint, 'contype');
      if (type === 'CONSTR_UNIQUE' && textAt(constraint, 'indexname') !== '') return undefined;
      const notValid = at(constraint, 'skip_validation') === true;
      return (type === 'CONSTR_CHECK' || type === 'CONSTR_FOREIGN') && notValid ? undefined : addConstraint;
    },
    source: 'recorded',
  },
  {
    node: 'AlterTableCmd',
    refuse: (body, context) => {
      const subtype = textAt(body, 'subtype');
      if (subtype === 'AT_ValidateConstraint' && context.async) return undefined;
      const form = Object.hasOwn(alterForms, subtype) ? alterForms[subtype] : undefined;
      return form === undefined ? undefined : `unsupported ALTER TABLE ${form} statement`;
    },
    source: 'recorded',
  },
  {
    node: 'AlterTableCmd',
    refuse: (body) => {
      if (textAt(body, 'subtype') !== 'AT_AddIdentity') return undefined;
      const cache = cacheOf(listAt(body, 'def', 'Constraint', 'options'));
      return cache === undefined ? `identity column is not supported ${cacheNeeded}` : undefined;
    },
    source: 'inferred',
  },
  {
    node: 'AlterTableCmd',
    sqlstate: '22023',
    refuse: (body) =>
      textAt(body, 'subtype') === 'AT_AddIdentity'
        ? refuseCacheSize(listAt(body, 'def', 'Constraint', 'options'))
        : undefined,
    source: 'inferred',
  },
  when(
    'AlterTableStmt',
    (body, context) =>
      context.async &&
      !listAt(body, 'cmds').every((cmd) => textAt(cmd, 'AlterTableCmd', 'subtype') === 'AT_ValidateConstraint'),
    'ASYNC not supported for this ALTER TABLE statement',
    'inferred',
  ),
  when('AlterTableMoveAllStmt', () => true, 'unsupported statement: AlterTableMoveAll', 'inferred'),
];

/** Whether a CREATE INDEX has USING between its table and its columns. */
function namesMethod(sql: string): boolean {
  const tokens = scan(sql);
  const columns = tokens.findIndex((token) => token.kind === 'symbol' && token.text === '(');
  return tokens.slice(0, columns).some((token) => token.kind === 'word' && token.text === 'using');
}

/** CREATE INDEX. */
export const indexRules: readonly Rule[] = [
  when(
    'IndexStmt',
    (body) => at(body, 'concurrent') === true,
    'CONCURRENTLY not supported for CREATE INDEX',
    'recorded',
  ),
  when(
    'IndexStmt',
    // The tree names a method also when the text does not.
    (_body, { sql }) => namesMethod(sql),
    'access method not supported for CREATE INDEX',
    'inferred',
  ),
  when(
    'IndexStmt',
    (body) => textAt(body, 'tableSpace') !== '',
    'TABLESPACE not supported for CREATE INDEX',
    'inferred',
  ),
  when('IndexStmt', (body) => listAt(body, 'options').length > 0, 'WITH not supported for CREATE INDEX', 'inferred'),
  when(
    'IndexElem',
    (body) => !['', 'SORTBY_DEFAULT'].includes(textAt(body, 'ordering')),
    'specifying sort order not supported for index keys',
    'recorded',
  ),
  when(
    'IndexElem',
    (body) => !['', 'SORTBY_NULLS_DEFAULT'].includes(textAt(body, 'nulls_ordering')),
    'specifying sort order not supported for index keys',
    'inferred',
  ),
  when('IndexElem', (body) => listAt(body, 'opclass').length > 0, 'opclass not supported for index keys', 'recorded'),
  always('ReindexStmt', 'unsupported statement: Reindex', 'inferred'),
];
