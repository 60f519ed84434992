import type { LocalLimits } from '../rules/limits.ts';
import { quoteName } from './quote.ts';
import { at, lastName, listAt, type Tree, textAt, visit } from './tree.ts';

/** Functions whose result is no larger than their arguments or a few bytes; rows made with these are as large as the message. */
const plainFunctions = new Set([
  'unnest',
  'gen_random_uuid',
  'now',
  'clock_timestamp',
  'nextval',
  'coalesce',
  'lower',
  'upper',
  'trim',
  'btrim',
  'json_to_recordset',
  'jsonb_to_recordset',
  'json_populate_recordset',
  'jsonb_populate_recordset',
  'to_timestamp',
  'nullif',
]);

/** A statement made to return the size of every row it wrote, and to refuse rows and columns over DSQL's limits. */
export interface Measure {
  readonly sql: string;
  /** Neither the text nor the values show how much it writes: an UPDATE, or rows made by tables or functions. */
  readonly needed: boolean;
}

/** How to measure a statement; undefined where it already returns rows. */
export function measuring(sql: string, node: string, tree: Tree, limits: LocalLimits): Measure | undefined {
  if (node !== 'InsertStmt' && node !== 'UpdateStmt') return undefined;
  if (listAt(tree, 'returningList').length > 0) return undefined;
  const name = textAt(tree, 'relation', 'alias', 'aliasname') || textAt(tree, 'relation', 'relname');
  const row = `${quoteName(name)}.*`;
  const size = `pg_column_size(${row})`;
  const check = `dsql_local.check_row(${row}, ${limits.rowBytes}, ${limits.columnBytes})`;
  const smallest = Math.min(limits.rowBytes, limits.columnBytes);
  return {
    sql: `${sql.trimEnd().replace(/;$/, '')}\nRETURNING CASE WHEN ${size} > ${smallest} THEN ${check} ELSE ${size}::bigint END`,
    needed: node === 'UpdateStmt' || makesRows(at(tree, 'selectStmt')),
  };
}

function makesRows(source: Tree | undefined): boolean {
  let found = false;
  if (source === undefined) return found;
  visit(source, (type, body) => {
    if (type === 'RangeVar') found = true;
    if (type === 'FuncCall' && !plainFunctions.has(lastName(listAt(body, 'funcname')))) found = true;
  });
  return found;
}
