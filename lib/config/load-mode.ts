import { z } from 'zod';

/** What a load mode means to the stages before the load; how it writes is in `lib/load/load-modes.ts`. */
export interface LoadModeTraits {
  /** What the mode does, for the configuration's JSON Schema. */
  readonly description: string;
  /** It cannot do without `key_columns`. */
  readonly needsKeys: boolean;
  /** Of two rows with the same key, `latest_by` may say which is newer. */
  readonly ordersByLatest: boolean;
  /** A row that is loaded twice is in the table once, so nobody has to know which rows an earlier run has loaded. */
  readonly repeatsAreHarmless: boolean;
  /** Of several rows with the same key in one source the last is loaded; else the first. */
  readonly keepsLast: boolean;
  /** Rows that the source has and that were not read are deleted. */
  readonly deletesUnread: boolean;
  /** Rows lose the values of columns that the source does not have. */
  readonly clearsMissingColumns: boolean;
}

/** Every load mode. */
export const loadModeTraits = {
  insert: {
    description: 'insert adds rows',
    needsKeys: false,
    ordersByLatest: false,
    repeatsAreHarmless: false,
    keepsLast: false,
    deletesUnread: false,
    clearsMissingColumns: false,
  },
  upsert: {
    description: 'upsert updates the row with the same key columns, or adds it',
    needsKeys: true,
    ordersByLatest: true,
    repeatsAreHarmless: true,
    keepsLast: true,
    deletesUnread: false,
    clearsMissingColumns: false,
  },
  replace: {
    description: 'replace makes the table hold what the source holds',
    needsKeys: false,
    ordersByLatest: false,
    repeatsAreHarmless: true,
    keepsLast: true,
    deletesUnread: true,
    clearsMissingColumns: true,
  },
} as const satisfies Readonly<Record<string, LoadModeTraits>>;

export const loadModeSchema = z.enum(Object.keys(loadModeTraits) as [LoadMode, ...LoadMode[]]).describe(
  `${Object.values(loadModeTraits)
    .map(({ description }) => description)
    .join('; ')}.`,
);

export type LoadMode = keyof typeof loadModeTraits;

/** The modes for which a trait is true, as a message names them. */
export function modesWhich(trait: keyof Omit<LoadModeTraits, 'description'>): string {
  const modes = Object.entries<LoadModeTraits>(loadModeTraits).filter(([, traits]) => traits[trait]);
  return modes.map(([mode]) => mode).join(' or ');
}
