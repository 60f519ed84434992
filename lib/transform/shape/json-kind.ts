import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { quoteText } from '../../duckdb/quote.ts';
import { maxTableColumns } from '../../limits.ts';
import { TooManyColumnsError } from '../errors.ts';
import { exactLine, plainCell } from '../read/json-line.ts';
import { pointerTo } from '../read/read-json.ts';
import type { MemberEvidence } from './member-evidence.ts';
import type { NestedKind, ShapedColumn } from './nested-kind.ts';

/** Members that are looked at; a table could not hold a tenth of them. */
const mostMembers = 10 * maxTableColumns;

/** Cells are JSON texts; numbers keep their digits. */
export const jsonKind: NestedKind = {
  survey: async (session, relation, columns) => {
    if (columns.length === 0) return [];
    const asked = columns.flatMap((column, at) => [
      `bool_or(${isObject(column)}) AS object${at}`,
      `bool_or(NOT (${isObject(column)})) AS other${at}`,
      `bool_or(${isObject(column)} AND ${hasKeyTwice(column.cell)}) AS twice${at}`,
    ]);
    const [row] = await session.rows(`SELECT ${asked.join(', ')} FROM ${relation}`);
    const found: MemberEvidence[] = [];
    for (const [at, column] of columns.entries()) {
      const objects = row?.[`object${at}`] === true;
      const names = objects ? await keysOf(session, relation, column) : [];
      found.push({
        objects,
        others: row?.[`other${at}`] === true,
        twice: row?.[`twice${at}`] === true,
        members: names.map((name) => ({ name, duckType: 'VARCHAR' })),
      });
    }
    return found;
  },
  members: (column, { members, others, twice }) => {
    if (members.length >= mostMembers) {
      throw new TooManyColumnsError({ columns: mostMembers, maximum: maxTableColumns });
    }
    const { cell } = column;
    const whole = twice ? `(${isObject(column)} AND NOT ${hasKeyTwice(cell)})` : `(${isObject(column)})`;
    return {
      members: members.map(({ duckType, name }) => ({
        name,
        duckType,
        cell: `CASE WHEN ${whole} THEN ${plainCell(`json_extract(${exactLine(cell)}, ${quoteText(pointerTo(name))})::VARCHAR`)} END`,
      })),
      rest: others || twice ? `CASE WHEN NOT ${whole} THEN ${cell} END` : undefined,
      broken: twice ? `coalesce(${isObject(column)} AND ${hasKeyTwice(cell)}, false)` : undefined,
    };
  },
  canHoldLists: () => true,
  isList: (cell) => `starts_with(${cell}, '[')`,
  elements: (cell) => `json_extract(${exactLine(cell)}, '$[*]')`,
  element: (unnested) => ({ cell: plainCell(`${unnested}::VARCHAR`), duckType: 'VARCHAR' }),
};

/** The keys of the objects in a column, in first-seen order. */
async function keysOf(session: DuckDbSession, relation: string, column: ShapedColumn): Promise<readonly string[]> {
  const keys = await session.rows(
    `SELECT key FROM (SELECT unnest(keys) AS key, generate_subscripts(keys, 1) AS place, o
       FROM (SELECT json_keys(${column.cell}) AS keys, min(o) AS o FROM ${relation} WHERE ${isObject(column)} GROUP BY keys))
     GROUP BY key ORDER BY min({o: o, place: place}) LIMIT ${mostMembers}`,
  );
  return keys.map(({ key }) => String(key));
}

function isObject({ cell, whole }: ShapedColumn): string {
  return `starts_with(${cell}, '{')${whole === undefined ? '' : ` AND NOT (${whole})`}`;
}

function hasKeyTwice(cell: string): string {
  return `len(list_distinct(json_keys(${cell}))) < len(json_keys(${cell}))`;
}
