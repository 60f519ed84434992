import { quoteText } from '../../duckdb/quote.ts';
import { type MemberEvidence, noMembers } from './member-evidence.ts';
import type { NestedKind } from './nested-kind.ts';

/** Cells have types of their own: structs and lists of Parquet. A map has keys of each row's own, and stays whole. */
export const typedKind: NestedKind = {
  survey: async (session, relation, columns) => {
    const found: MemberEvidence[] = [];
    for (const { cell, duckType } of columns) {
      if (!/^STRUCT\(.*\)$/s.test(duckType)) {
        found.push(noMembers);
        continue;
      }
      const fields = await session.rows(`DESCRIBE SELECT unnest(${cell}) FROM ${relation} LIMIT 0`);
      const members = fields.map((field) => ({
        name: String(field.column_name),
        duckType: String(field.column_type),
      }));
      found.push({ ...noMembers, objects: true, members });
    }
    return found;
  },
  members: ({ cell }, { members }) => ({
    members: members.map((member) => ({ ...member, cell: `struct_extract(${cell}, ${quoteText(member.name)})` })),
    rest: undefined,
    broken: undefined,
  }),
  canHoldLists: (duckType) => /\[\d*\]$/.test(duckType),
  isList: (cell) => `${cell} IS NOT NULL`,
  elements: (cell) => cell,
  element: (unnested, duckType) => ({ cell: unnested, duckType: duckType.replace(/\[\d*\]$/, '') }),
};
