/** The day of the list prices of this file. They have not been checked against a bill. */
export const pricesOf = '2026-11-27';

/** List prices of one Region in US dollars, without free tiers, discounts and taxes. */
export interface ListPrices {
  readonly perMillionDpu: number;
  /** Of one GB of storage for a month. */
  readonly perGbMonth: number;
  /** Of one GB-second of Lambda, by architecture. */
  readonly perGbSecond: { readonly arm64: number; readonly x86_64: number };
  /** Of a million calls of functions. */
  readonly perMillionCalls: number;
  /** Of a thousand state transitions of a Standard state machine. */
  readonly perThousandTransitions: number;
}

const virginia: ListPrices = {
  perMillionDpu: 8,
  perGbMonth: 0.33,
  perGbSecond: { arm64: 0.0000133334, x86_64: 0.0000166667 },
  perMillionCalls: 0.2,
  perThousandTransitions: 0.025,
};

/** The Region whose prices stand for those of a Region that is not listed. */
export const standInRegion = 'us-east-1';

/** Regions whose prices have been looked up; of others the prices are those of the stand-in, and that is said. */
const listPrices: ReadonlyMap<string, ListPrices> = new Map([
  [standInRegion, virginia],
  ['ap-northeast-1', { ...virginia, perMillionDpu: 10, perGbMonth: 0.4 }],
  ['ap-northeast-2', { ...virginia, perMillionDpu: 10, perGbMonth: 0.4 }],
]);

/** The prices of a Region, and whether they are its own. */
export function pricesIn(region: string | undefined): { readonly prices: ListPrices; readonly own: boolean } {
  const listed = region === undefined ? undefined : listPrices.get(region);
  return { prices: listed ?? virginia, own: listed !== undefined };
}
