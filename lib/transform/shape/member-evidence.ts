import { z } from 'zod';

/** What the values of a column of some rows say of its objects. Evidence of pieces, merged in their order, is that of the whole. */
export const memberEvidenceSchema = z.strictObject({
  /** A value is an object that can be taken apart; a value is something else; an object has a key twice. */
  objects: z.boolean(),
  others: z.boolean(),
  twice: z.boolean(),
  /** Of all objects, in first-seen order. */
  members: z.array(z.strictObject({ name: z.string(), duckType: z.string() })),
});

export type MemberEvidence = z.infer<typeof memberEvidenceSchema>;

/** The evidence of columns, by the paths to them. */
export const shapeEvidenceSchema = z.array(z.strictObject({ path: z.array(z.string()), of: memberEvidenceSchema }));

export type ShapeEvidence = z.infer<typeof shapeEvidenceSchema>;

/** What no rows say. */
export const noMembers: MemberEvidence = { objects: false, others: false, twice: false, members: [] };

/** Associative: what rows and those behind them say together. */
export function mergeMembers(first: MemberEvidence, behind: MemberEvidence): MemberEvidence {
  const known = new Set(first.members.map(({ name }) => name));
  return {
    objects: first.objects || behind.objects,
    others: first.others || behind.others,
    twice: first.twice || behind.twice,
    members: [...first.members, ...behind.members.filter(({ name }) => !known.has(name))],
  };
}

/** Associative: the same of all columns. */
export function mergeShapes(first: ShapeEvidence, behind: ShapeEvidence): ShapeEvidence {
  const merged = new Map<string, ShapeEvidence[number]>();
  for (const { of, path } of [...first, ...behind]) {
    const key = JSON.stringify(path);
    merged.set(key, { path, of: mergeMembers(merged.get(key)?.of ?? noMembers, of) });
  }
  return [...merged.values()];
}
