import { reportedSettings, syncIndexSetting } from '../catalog/reported-settings.ts';
import { measuring } from './measure.ts';
import { withNumericDefaults } from './numeric-default.ts';
import { literal } from './quote.ts';
import { scan } from './scanner.ts';
import type { Statement } from './statement.ts';
import { at, listAt, textAt } from './tree.ts';

/** Statements that PostgreSQL would answer differently are replaced by a query that answers as DSQL does. */
export function rewrite(statement: Statement, start: number): Statement {
  if (statement.refusal !== undefined) return statement;
  if (statement.node === 'CreateStmt' || statement.node === 'CreateSchemaStmt' || statement.node === 'AlterTableStmt') {
    return rewriteAlter({ ...statement, sql: withNumericDefaults(statement.sql, start, statement.tree) });
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

function rewriteAlter(statement: Statement): Statement {
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
