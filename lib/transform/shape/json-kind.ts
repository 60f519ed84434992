import { quoteText } from '../../duckdb/quote.ts';
import { maxTableColumns } from '../../limits.ts';
import { TooManyColumnsError } from '../errors.ts';
import { exactLine, plainCell } from '../read/json-line.ts';
import { pointerTo } from '../read/read-json.ts';
import type { Members, NestedKind } from './nested-kind.ts';

/** Members that are looked at; a table could not hold a tenth of them. */
const mostMembers = 10 * maxTableColumns;

/** Cells are JSON texts; numbers keep their digits. */
export const jsonKind: NestedKind = {
  members: async (session, relation, columns) => {
    const found = new Map<string, Members>();
    if (columns.length === 0) return found;
    const asked = columns.flatMap(({ cell }, at) => [
      `bool_or(${isObject(cell)}) AS object${at}`,
      `bool_or(NOT ${isObject(cell)}) AS other${at}`,
      `bool_or(${isObject(cell)} AND ${hasKeyTwice(cell)}) AS twice${at}`,
    ]);
    const [row] = await session.rows(`SELECT ${asked.join(', ')} FROM ${relation}`);
    for (const [at, { cell, sourceName }] of columns.entries()) {
      if (row?.[`object${at}`] !== true) continue;
      const keys = await session.rows(
        `SELECT key FROM (SELECT unnest(keys) AS key, generate_subscripts(keys, 1) AS place, o
           FROM (SELECT json_keys(${cell}) AS keys, min(o) AS o FROM ${relation} WHERE ${isObject(cell)} GROUP BY keys))
         GROUP BY key ORDER BY min({o: o, place: place}) LIMIT ${mostMembers}`,
      );
      if (keys.length === mostMembers)
        throw new TooManyColumnsError({ columns: mostMembers, maximum: maxTableColumns });
      const names = keys.map(({ key }) => String(key));
      const twice = row[`twice${at}`] === true;
      const whole = twice ? `(${isObject(cell)} AND NOT ${hasKeyTwice(cell)})` : isObject(cell);
      found.set(sourceName, {
        members: names.map((name) => ({
          name,
          duckType: 'VARCHAR',
          cell: `CASE WHEN ${whole} THEN ${plainCell(`json_extract(${exactLine(cell)}, ${quoteText(pointerTo(name))})::VARCHAR`)} END`,
        })),
        rest: row[`other${at}`] === true || twice ? `CASE WHEN NOT ${whole} THEN ${cell} END` : undefined,
        broken: twice ? `coalesce(${isObject(cell)} AND ${hasKeyTwice(cell)}, false)` : undefined,
      });
    }
    return found;
  },
  canHoldLists: () => true,
  isList: (cell) => `starts_with(${cell}, '[')`,
  elements: (cell) => `json_extract(${exactLine(cell)}, '$[*]')`,
  element: (unnested) => ({ cell: plainCell(`${unnested}::VARCHAR`), duckType: 'VARCHAR' }),
};

function isObject(cell: string): string {
  return `starts_with(${cell}, '{')`;
}

function hasKeyTwice(cell: string): string {
  return `len(list_distinct(json_keys(${cell}))) < len(json_keys(${cell}))`;
}
