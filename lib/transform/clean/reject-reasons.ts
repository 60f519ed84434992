/** First code of a reason in the state column; smaller ones are states of their own. */
const firstCode = 10;

/** A reason a row is rejected for, as it stands with the row. */
export interface RejectReason {
  readonly code: number;
  readonly column: string | null;
  readonly reason: string;
  /** A value does not fit the type of its column. */
  readonly misfit: boolean;
  /** Number of the business rule that it comes from, from 1. */
  readonly rule: number | undefined;
  /** One such row fails the run. */
  readonly fails: boolean;
}

/** The reasons of a run; the rows carry a number in place of the text. */
export class RejectReasons {
  private readonly reasons: RejectReason[] = [];

  /** The number of a reason; `column` is the column's name in the target, null where no single one is to blame. */
  code(
    column: string | null,
    reason: string,
    {
      fails = false,
      misfit = false,
      rule,
    }: { readonly fails?: boolean; readonly misfit?: boolean; readonly rule?: number } = {},
  ): number {
    const code = firstCode + this.reasons.length;
    this.reasons.push({ code, column, reason, misfit, rule, fails });
    return code;
  }

  all(): readonly RejectReason[] {
    return this.reasons;
  }
}
