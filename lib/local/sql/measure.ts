import { quoteName } from './quote.ts';
import { at, lastName, listAt, numberAt, type Tree, textAt, visit } from './tree.ts';

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

/** How to learn what a statement writes. */
export interface Measure {
  /** The statement made to return the size of every row it wrote; undefined where it returns rows already. */
  readonly sql: string | undefined;
  /** Neither the text nor the values show how much it writes: an UPDATE, or rows made by tables, functions, `||` or a repeated parameter. */
  readonly makesRows: boolean;
}

/** How to measure a statement; undefined for one that neither inserts nor updates. */
export function measuring(sql: string, node: string, tree: Tree): Measure | undefined {
  if (node !== 'InsertStmt' && node !== 'UpdateStmt') return undefined;
  const updates = node === 'UpdateStmt' || textAt(tree, 'onConflictClause', 'action') === 'ONCONFLICT_UPDATE';
  const measure = { sql: undefined, makesRows: updates || makesRows(at(tree, 'selectStmt')) };
  if (listAt(tree, 'returningList').length > 0) return measure;
  const name = textAt(tree, 'relation', 'alias', 'aliasname') || textAt(tree, 'relation', 'relname');
  const size = `pg_column_size(${quoteName(name)}.*)::bigint`;
  return { ...measure, sql: `${sql.trimEnd().replace(/;$/, '')}\nRETURNING ${size}` };
}

function makesRows(source: Tree | undefined): boolean {
  let found = false;
  const parameters = new Set<number>();
  if (source === undefined) return found;
  visit(source, (type, body) => {
    if (type === 'RangeVar') found = true;
    if (type === 'FuncCall' && !plainFunctions.has(lastName(listAt(body, 'funcname')))) found = true;
    if (type === 'ParamRef') {
      found ||= parameters.has(numberAt(body, 'number'));
      parameters.add(numberAt(body, 'number'));
    }
    if (type === 'A_Expr' && lastName(listAt(body, 'name')) === '||') found = true;
  });
  return found;
}
