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
  if (places.length === 0) return sql;
  const bytes = Buffer.from(sql);
  return places
    .toSorted((a, b) => b - a)
    .reduce((text, place) => {
      const at = bytes.toString('utf8', 0, place).length;
      const [first, dot, second] = scan(text.slice(at, at + 200));
      const last = dot?.text === '.' ? second : first;
      return last === undefined ? text : `${text.slice(0, at + last.end)}${precision}${text.slice(at + last.end)}`;
    }, sql);
}
