import { z } from 'zod';
import * as errors from '../wire/dsql-errors.ts';
import type { DsqlError } from '../wire/error-response.ts';

/** Faults the local DSQL makes on request. Those of COMMITs come to transactions that changed something. Shares are between 0 and 1; counts are used up one by one. */
export const faultsSchema = z.strictObject({
  /** Share of COMMITs refused with OC000. */
  conflictShare: z.number().min(0).max(1).optional(),
  /** The next COMMITs refused with OC000. */
  nextConflicts: z.int().min(0).optional(),
  /** The next COMMITs whose connection is dropped before they take effect. */
  nextDropsBeforeCommit: z.int().min(0).optional(),
  /** The next COMMITs whose connection is dropped after they took effect and before the response. */
  nextDropsAfterCommit: z.int().min(0).optional(),
  dropBeforeCommitShare: z.number().min(0).max(1).optional(),
  dropAfterCommitShare: z.number().min(0).max(1).optional(),
  /** Milliseconds added to every statement, COMMIT included. */
  statementLatencyMs: z.number().min(0).optional(),
  /** Milliseconds added to every COMMIT of a transaction. */
  commitLatencyMs: z.number().min(0).optional(),
  /** New connections are refused as over the rate. */
  refuseConnections: z.boolean().optional(),
  /** Tokens are taken for expired. */
  expireTokens: z.boolean().optional(),
  /** The next COMMITs answered with XX000 server unavailable; nothing is committed. */
  nextUnavailable: z.int().min(0).optional(),
  unavailableShare: z.number().min(0).max(1).optional(),
  /** The next COMMITs that are rolled back and never answered, on a connection that stays open. */
  nextSilencesBeforeCommit: z.int().min(0).optional(),
  /** The next COMMITs that take effect and are never answered, on a connection that stays open. */
  nextSilencesAfterCommit: z.int().min(0).optional(),
  /** The next statements that are not run and never answered, on a connection that stays open. */
  nextSilentStatements: z.int().min(0).optional(),
  /** The next COMMITs that take `slowCommitMs` and then succeed. */
  nextSlowCommits: z.int().min(0).optional(),
  /** Milliseconds of a slow COMMIT; 30,000 by default. */
  slowCommitMs: z.number().min(0).optional(),
  /**
   * The next INSERTs with ON CONFLICT that silently leave out `skippedRows` neighbouring rows which they would insert. Tag and
   * RETURNING count them all the same.
   */
  nextSkippedBands: z.int().min(0).optional(),
  /** Rows of a skipped band; 5 by default. */
  skippedRows: z.int().min(1).optional(),
  /** Starts the generator of shares anew, so that the same run meets the same faults. */
  seed: z.int().optional(),
});

export type FaultSettings = z.infer<typeof faultsSchema>;

/** Decides, COMMIT by COMMIT, which fault comes. Deterministic for a seed and an order of COMMITs. */
export class Faults {
  private settings: FaultSettings = {};
  private random = generator(1);
  private readonly sleep: (ms: number) => Promise<void>;

  constructor(sleep: (ms: number) => Promise<void>) {
    this.sleep = sleep;
  }

  /** Replaces all settings; `{}` ends every fault. */
  set(settings: FaultSettings): void {
    this.settings = { ...settings };
    if (settings.seed !== undefined) this.random = generator(settings.seed);
  }

  /** The settings as they stand, with the counts that are left. */
  get(): FaultSettings {
    return { ...this.settings };
  }

  get refusesConnections(): boolean {
    return this.settings.refuseConnections === true;
  }

  get expiresTokens(): boolean {
    return this.settings.expireTokens === true;
  }

  /** Whether a statement is never answered. */
  silencesStatement(): boolean {
    return this.use('nextSilentStatements');
  }

  /** How many rows an INSERT with ON CONFLICT leaves out. */
  skippedRows(): number {
    return this.use('nextSkippedBands') ? (this.settings.skippedRows ?? 5) : 0;
  }

  /** Waits as long as a statement is to be slow. */
  beforeStatement(): Promise<void> | undefined {
    const ms = this.settings.statementLatencyMs ?? 0;
    return ms > 0 ? this.sleep(ms) : undefined;
  }

  /**
   * What becomes of a COMMIT before PostgreSQL sees it: an error, a dropped or silent connection, or nothing.
   *
   * @param changes  the transaction changed something; one that only read meets no fault but latency
   */
  async beforeCommit(changes: boolean): Promise<DsqlError | 'drop' | 'silence' | undefined> {
    const ms = this.settings.commitLatencyMs ?? 0;
    if (ms > 0) await this.sleep(ms);
    if (!changes) return undefined;
    if (this.use('nextDropsBeforeCommit') || this.draw(this.settings.dropBeforeCommitShare)) return 'drop';
    if (this.use('nextSilencesBeforeCommit')) return 'silence';
    if (this.use('nextSlowCommits')) await this.sleep(this.settings.slowCommitMs ?? 30_000);
    if (this.use('nextUnavailable') || this.draw(this.settings.unavailableShare)) return errors.serverUnavailable;
    if (this.use('nextConflicts') || this.draw(this.settings.conflictShare)) return errors.conflict;
    return undefined;
  }

  /** Whether a COMMIT that took effect is never answered. */
  dropsAfterCommit(): boolean {
    return this.use('nextDropsAfterCommit') || this.draw(this.settings.dropAfterCommitShare);
  }

  /** Whether a COMMIT that took effect is never answered on a connection that stays open. */
  silencesAfterCommit(): boolean {
    return this.use('nextSilencesAfterCommit');
  }

  private use(count: Extract<keyof FaultSettings, `next${string}`>): boolean {
    const left = this.settings[count] ?? 0;
    if (left <= 0) return false;
    this.settings = { ...this.settings, [count]: left - 1 };
    return true;
  }

  private draw(share: number | undefined): boolean {
    return share !== undefined && share > 0 && this.random() < share;
  }
}

/** mulberry32: numbers in [0, 1) that a seed fixes. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
