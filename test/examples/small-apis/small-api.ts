import type { SeenRequest } from '../../extract/extract-setup.ts';

/** A row of every copy: what it is known by, and when it changed last, ms since 1970. */
export interface Item {
  readonly id: number;
  readonly at: number;
  readonly name: string;
}

/** What a small copy of an API answers, written after what the vendor's documentation describes. */
export interface Answer {
  readonly body: unknown;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Loose = Readonly<Record<string, unknown>>;

/** What a copy knows besides the request. */
export interface World {
  readonly items: readonly Item[];
  readonly now: Date;
  /** Requests so far, this one too. */
  readonly count: number;
  /** The most rows that a search of the API gives; that of its documentation where it is not set. */
  readonly cap?: number | undefined;
}

export interface SmallApi {
  readonly answer: (request: SeenRequest, world: World) => Answer;
  /** The item that a row is of. */
  readonly itemOf: (row: Loose) => Item;
  /** Whether a second run reads less than everything. */
  readonly incremental: boolean;
}

/** Rows of a page, whatever is asked for, so that few items make several pages. */
export const pageRows = 3;

export const iso = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z');

export const changedSince = (items: readonly Item[], text: string | null | undefined): readonly Item[] =>
  text === null || text === undefined ? items : items.filter(({ at }) => at >= Date.parse(text));

export const byTime = (items: readonly Item[]): readonly Item[] =>
  [...items].sort((a, b) => a.at - b.at || a.id - b.id);

export const bearer = ({ headers }: SeenRequest, token: string): boolean => headers.authorization === `Bearer ${token}`;

/** A parameter that the documentation does not know; undefined where there is none. */
export const unknownParameter = ({ url }: SeenRequest, known: readonly string[]): string | undefined =>
  [...url.searchParams.keys()].find((name) => !known.includes(name));

/** Whether a size of a page is one that the documentation allows. */
export const isSize = (text: unknown, most: number): boolean =>
  text === null || text === undefined || (Number.isInteger(Number(text)) && Number(text) >= 1 && Number(text) <= most);

/** A page that begins at `from`, and where the next one begins. */
export function page(
  items: readonly Item[],
  from: number,
): { readonly rows: readonly Item[]; readonly next: number | undefined } {
  const next = from + pageRows;
  return { rows: items.slice(from, next), next: next < items.length ? next : undefined };
}

export const plainItem = (row: Loose): Item => ({
  id: Number(row.id),
  at: Date.parse(String(row.updated_at)),
  name: String(row.name),
});
