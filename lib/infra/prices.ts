/**
 * List prices of us-east-1 in US dollars (pricing pages of Aurora DSQL and Lambda, November 2026). The dashboard's cost is
 * an estimate: other Regions cost a quarter more or less, and free tiers and discounts are not in it.
 */
export const dollarsPerMillionDpu = 8;

/** Of one GB-second of Lambda, by architecture. */
export const dollarsPerGbSecond = { arm64: 0.0000133334, x86_64: 0.0000166667 } as const;
