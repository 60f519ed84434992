import { editAt } from './edit-at.ts';
import { scan } from './scanner.ts';
import { isObject, lastName, listAt, numberAt, type Tree, visit } from './tree.ts';

/** What DSQL makes of a numeric column without precision; PostgreSQL would keep every digit. */
const precision = '(18,6)';

/**
 * Gives numeric columns without precision DSQL's own.
 *
 * @param start  where the statement begins in the text its tree was made from, in bytes
 */
export function withNumericDefaults(sql: string, start: number, tree: Tree): string {
  const places: number[] = [];
  visit(tree, (type, body) => {
    if (type !== 'ColumnDef' || !isObject(body)) return;
    const typeName = body.typeName;
    if (lastName(listAt(typeName, 'names')) !== 'numeric' || listAt(typeName, 'typmods').length > 0) return;
    places.push(numberAt(typeName, 'location') - start);
  });
  return editAt(sql, places, (rest) => {
    const [first, dot, second] = scan(rest.slice(0, 200));
    const last = dot?.text === '.' ? second : first;
    return last === undefined ? rest : `${rest.slice(0, last.end)}${precision}${rest.slice(last.end)}`;
  });
}
