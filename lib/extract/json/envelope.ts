/** A member of a document outside of its records. */
export interface EnvelopeMember {
  /** Names from the root on; an element of a root array is its index in brackets. */
  readonly path: readonly string[];
  /** Its value as the text it has in the document. */
  readonly json: string;
}

/** An array of a document outside of its records; the one that holds the records is one of them. */
export interface EnvelopeList {
  readonly path: readonly string[];
  readonly length: number;
  /** Whether its first element is an object. */
  readonly ofObjects: boolean;
}

/** What a document holds besides its records. */
export interface Envelope {
  readonly members: readonly EnvelopeMember[];
  readonly lists: readonly EnvelopeList[];
}

/** Which members are kept: of plain values, or of any value; undefined for others. */
export type WantMember = (name: string, parent: string | undefined) => 'plain' | 'any' | undefined;

/** How deep members are looked for. */
export const envelopeDepth = 6;
/** Members looked at in one document; one whose members are rows has any number. */
export const envelopeMembers = 10_000;
/** Lists kept of one document. */
export const envelopeLists = 20;

/** A place of an envelope as a JSONPath, e.g. `$.data.items`. */
export function envelopePath(path: readonly string[]): string {
  const step = (name: string): string => {
    if (/^\[\d+\]$/.test(name)) return name;
    return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? `.${name}` : `['${name.replace(/['\\]/g, '\\$&')}']`;
  };
  return `$${path.map(step).join('')}`;
}

/** The list that most likely holds the rows, as the JSONPath of its elements; undefined where there is none. */
export function likelyList({ lists }: Envelope): string | undefined {
  const rank = ({ length, ofObjects }: EnvelopeList): number => (ofObjects ? 1e9 : 0) + length;
  const [best] = [...lists].sort((a, b) => rank(b) - rank(a));
  return best === undefined ? undefined : `${envelopePath(best.path)}[*]`;
}
