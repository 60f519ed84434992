import { parseSync } from 'libpg-query';
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
  const bytes = Buffer.from(sql);
  return places
    .toSorted((a, b) => b - a)
    .reduce((text, place) => {
      const start = bytes.toString('utf8', 0, place).length;
      const [schema] = scan(text.slice(start));
      return schema === undefined ? text : `${text.slice(0, start)}pg_temp${text.slice(start + schema.end)}`;
    }, sql);
}
