import { parseSync } from 'libpg-query';
import { editAt } from './edit-at.ts';
import { scan } from './scanner.ts';
import { numberAt, type Tree, textAt, visit } from './tree.ts';

/**
 * Points the qualified names of copied tables at their copies. Unqualified names find the copies by themselves, since
 * temporary tables come first in every search path.
 *
 * @param copies  copied tables as `schema.table`
 */
export function redirect(sql: string, copies: ReadonlySet<string>): string {
  const places: number[] = [];
  visit(parseSync(sql) as Tree, (type, body) => {
    const schema = textAt(body, 'schemaname');
    if (type === 'RangeVar' && schema !== '' && copies.has(`${schema}.${textAt(body, 'relname')}`)) {
      places.push(numberAt(body, 'location'));
    }
  });
  return editAt(sql, places, (rest) => {
    const [schema] = scan(rest);
    return schema === undefined ? rest : `pg_temp${rest.slice(schema.end)}`;
  });
}
