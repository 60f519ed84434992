import type { Budget } from '../config/budget.ts';
import { TerminalError } from '../errors.ts';
import type { Estimate } from './estimate-load.ts';

/** A run would cost more than its pipeline's budget allows; nothing was written. */
export class BudgetExceededError extends TerminalError {
  override readonly name = 'BudgetExceededError';
  readonly code = 'budget_exceeded';

  constructor(pipeline: string, over: readonly string[]) {
    super(
      `Pipeline ${pipeline} would cost more than its budget allows: ${over.join('; ')}. Nothing was written. Load less at once, ` +
        `or raise budget; the figures are explained by: etl estimate ${pipeline}`,
    );
  }
}

const money = (usd: number): string => `$${usd < 1 ? usd.toPrecision(3) : usd.toFixed(2)}`;
const count = (value: number): string => Math.ceil(value).toLocaleString('en');

/**
 * Compares what a load would cost at most with what it may.
 *
 * @param estimate  of a load that inserts every clean row
 * @throws {BudgetExceededError} terminal: by how much each limit is passed
 */
export function checkBudget(pipeline: string, budget: Budget, estimate: Estimate): void {
  const { inserted, updated } = estimate.rows;
  const figures = [
    { limit: budget.rows, value: inserted + updated, unit: (value: number) => `${count(value)} rows` },
    { limit: budget.dpu, value: estimate.dpu.total, unit: (value: number) => `${count(value)} DPU` },
    { limit: budget.usd, value: estimate.usd.total, unit: money },
  ];
  const over = figures.flatMap(({ limit, unit, value }) => {
    if (limit === undefined || value <= limit) return [];
    const share = ((value - limit) / limit) * 100;
    return [
      `${unit(value)}, which is ${unit(value - limit)} (${share.toFixed(share < 10 ? 1 : 0)} %) over ${unit(limit)}`,
    ];
  });
  if (over.length > 0) throw new BudgetExceededError(pipeline, over);
}
