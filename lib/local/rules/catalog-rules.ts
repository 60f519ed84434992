import { literal, regclass } from '../sql/quote.ts';
import type { Statement } from '../sql/statement.ts';
import { at, listAt, type Tree, textAt } from '../sql/tree.ts';
import type { DsqlError } from '../wire/error-response.ts';
import { limitMessages } from './limit-messages.ts';
import { refuseKeyTypes } from './limit-rules.ts';
import type { LocalLimits } from './limits.ts';

/** A rule whose condition is in the catalog: a query, and what its one value means. */
interface CatalogRule {
  readonly node: string;
  /** A query of one row and one column, or undefined when the statement cannot break the rule. */
  readonly ask: (tree: Tree, limits: LocalLimits) => string | undefined;
  readonly refuse: (value: string, limits: LocalLimits, tree: Tree) => DsqlError | undefined;
}

const own = "('pg_catalog', 'information_schema', 'sys', 'pg_toast')";
const userRelations = `pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname NOT IN ${own} AND n.nspname NOT LIKE 'pg_temp%' AND n.nspname NOT LIKE 'pg_toast%'`;

function regclassOf(range: Tree | undefined): string {
  return regclass(textAt(range, 'schemaname'), textAt(range, 'relname'));
}

/** A SQL condition on `pg_attribute AS a`: the columns of a CREATE INDEX; undefined where it has none but expressions. */
function indexedColumns(tree: Tree): string | undefined {
  const names = listAt(tree, 'indexParams')
    .map((item) => textAt(item, 'IndexElem', 'name'))
    .filter(Boolean);
  if (names.length === 0) return undefined;
  return `a.attrelid = ${regclassOf(at(tree, 'relation'))} AND a.attname IN (${names.map(literal).join(', ')})`;
}

/** Refuses when as many as the limit are there already. */
function full(limit: keyof LocalLimits, message: (most: number) => string): CatalogRule['refuse'] {
  return (value, limits) =>
    Number(value) >= limits[limit] ? { sqlstate: '54000', message: message(limits[limit]) } : undefined;
}

function commands(tree: Tree, subtype: string): readonly Tree[] {
  return listAt(tree, 'cmds')
    .map((item) => at(item, 'AlterTableCmd') ?? null)
    .filter((command) => textAt(command, 'subtype') === subtype);
}

const catalogRules: readonly CatalogRule[] = [
  {
    node: 'CreateStmt',
    ask: () => `SELECT count(*) FROM ${userRelations} AND c.relkind = 'r'`,
    refuse: full('tables', (most) => `creating more than ${most} tables not allowed`),
  },
  {
    node: 'ViewStmt',
    ask: () => `SELECT count(*) FROM ${userRelations} AND c.relkind = 'v'`,
    refuse: full('views', (most) => `creating more than ${most} views not allowed`),
  },
  {
    node: 'CreateSeqStmt',
    ask: () => `SELECT count(*) FROM ${userRelations} AND c.relkind = 'S'`,
    refuse: full('sequences', (most) => `creating more than ${most} sequences is not allowed`),
  },
  {
    node: 'CreateSchemaStmt',
    ask: () =>
      `SELECT count(*) FROM pg_namespace WHERE nspname NOT IN ${own} AND nspname <> 'public' AND nspname !~ '^pg_(temp|toast)'`,
    refuse: full('schemas', (most) => `more than ${most} schemas not allowed`),
  },
  {
    node: 'CreateStatsStmt',
    ask: (tree) =>
      `SELECT count(*) FROM pg_statistic_ext WHERE stxrelid = ${regclassOf(at(listAt(tree, 'relations')[0], 'RangeVar'))}`,
    refuse: full('tableStatistics', (most) => `more than ${most} extended statistics per table are not allowed`),
  },
  {
    node: 'IndexStmt',
    ask: (tree) => {
      const table = regclassOf(at(tree, 'relation'));
      return `SELECT (SELECT count(*) FROM pg_index WHERE indrelid = ${table} AND indisready) +
        (SELECT count(*) FROM sys.jobs WHERE object_id = ${table} AND job_type = 'INDEX_BUILD' AND status = 'submitted')`;
    },
    refuse: full('tableIndexes', limitMessages.tableIndexes),
  },
  {
    node: 'IndexStmt',
    ask: (tree) => {
      const columns = indexedColumns(tree);
      if (columns === undefined) return undefined;
      return `SELECT string_agg(t.typname, ',') FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
        WHERE ${columns}`;
    },
    refuse: (value) => {
      const message = refuseKeyTypes(value.split(','));
      return message === undefined ? undefined : { sqlstate: '0A000', message };
    },
  },
  {
    node: 'IndexStmt',
    ask: (tree) => {
      const columns = indexedColumns(tree);
      if (columns === undefined) return undefined;
      return `SELECT coalesce(sum(a.atttypmod - 4), 0) FROM pg_attribute AS a
        WHERE ${columns} AND a.atttypid IN ('varchar'::regtype, 'bpchar'::regtype) AND a.atttypmod > 4`;
    },
    refuse: (value, { declaredKeyBytes }) =>
      Number(value) > declaredKeyBytes
        ? { sqlstate: '54000', message: limitMessages.declaredKeyBytes(declaredKeyBytes) }
        : undefined,
  },
  {
    node: 'AlterTableStmt',
    ask: (tree) => {
      const [index] = commands(tree, 'AT_AddConstraint').map((command) =>
        textAt(command, 'def', 'Constraint', 'indexname'),
      );
      if (index === undefined || index === '') return undefined;
      return `SELECT object_name FROM sys.jobs WHERE object_id = ${regclassOf(at(tree, 'relation'))}
        AND object_name = ${literal(index)} AND status IN ('submitted', 'processing') LIMIT 1`;
    },
    refuse: (index) => ({ sqlstate: '55000', message: `index "${index}" is not valid` }),
  },
  {
    node: 'AlterTableStmt',
    ask: (tree) => {
      const added = commands(tree, 'AT_AddColumn').length;
      if (added === 0) return undefined;
      const table = regclassOf(at(tree, 'relation'));
      return `SELECT count(*) + ${added} - (NOT EXISTS (SELECT FROM pg_index WHERE indrelid = ${table} AND indisprimary))::int
        FROM pg_attribute WHERE attrelid = ${table} AND attnum > 0 AND NOT attisdropped`;
    },
    refuse: (value, { tableColumns }) =>
      Number(value) > tableColumns
        ? { sqlstate: '54011', message: limitMessages.tableColumns(tableColumns) }
        : undefined,
  },
  {
    node: 'AlterTableStmt',
    ask: (tree) => {
      const dropped = commands(tree, 'AT_DropColumn').map((command) => literal(textAt(command, 'name')));
      if (dropped.length === 0) return undefined;
      return `SELECT a.attname FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
        WHERE i.indrelid = ${regclassOf(at(tree, 'relation'))} AND i.indisprimary AND a.attname IN (${dropped.join(', ')}) LIMIT 1`;
    },
    refuse: (value) => ({ sqlstate: '0A000', message: `cannot drop primary key column ${value}` }),
  },
];

/** Refuses DDL for what the catalog holds. `ask` runs a query and gives its one value, or undefined when it has no row. */
export async function refuseByCatalog(
  statement: Statement,
  limits: LocalLimits,
  ask: (query: string) => Promise<string | undefined>,
): Promise<DsqlError | undefined> {
  if (statement.node === 'ViewStmt' && Buffer.byteLength(statement.sql) > limits.viewBytes) {
    return { sqlstate: '54000', message: 'view definition too large' };
  }
  for (const rule of catalogRules) {
    if (rule.node !== statement.node) continue;
    const query = rule.ask(statement.tree, limits);
    const value = query === undefined ? undefined : await ask(query);
    const refusal = value === undefined ? undefined : rule.refuse(value, limits, statement.tree);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}
