import { quoteText } from '../../duckdb/quote.ts';
import type { Members, NestedKind } from './nested-kind.ts';

/** Cells have types of their own: structs and lists of Parquet. A map has keys of each row's own, and stays whole. */
export const typedKind: NestedKind = {
  members: async (session, relation, columns) => {
    const found = new Map<string, Members>();
    for (const { cell, duckType, sourceName } of columns) {
      if (!/^STRUCT\(.*\)$/s.test(duckType)) continue;
      const fields = await session.rows(`DESCRIBE SELECT unnest(${cell}) FROM ${relation} LIMIT 0`);
      const members = fields.map((field) => ({
        name: String(field.column_name),
        duckType: String(field.column_type),
        cell: `struct_extract(${cell}, ${quoteText(String(field.column_name))})`,
      }));
      found.set(sourceName, { members, rest: undefined, broken: undefined });
    }
    return found;
  },
  canHoldLists: (duckType) => /\[\d*\]$/.test(duckType),
  isList: (cell) => `${cell} IS NOT NULL`,
  elements: (cell) => cell,
  element: (unnested, duckType) => ({ cell: unnested, duckType: duckType.replace(/\[\d*\]$/, '') }),
};
