import type { Rule } from '../../config/business-rule.ts';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { RejectReasons } from '../clean/reject-reasons.ts';
import { RuleTimeoutError } from '../errors.ts';
import { compileRules, type RulesRequest } from './compile-rules.ts';
import { kindOf } from './rule-kinds.ts';

/** Time that rules have whatever the size of the source, and bytes of it for which they get a second more. */
const leastSeconds = 60;
const bytesPerSecond = 100_000;
/** Rows by which the slowest rule is found, and the time that each rule has for them. */
const trialRows = 2_048;
const trialSeconds = 10;

/** Seconds that the rules of a source have: 60, and one more for each 100 kB, which is a fiftieth of the usual speed. */
export function ruleSeconds(set: number | undefined, bytes: number): number {
  return set ?? leastSeconds + Math.ceil(bytes / bytesPerSecond);
}

/**
 * Runs a statement that computes the rules, and ends it when it takes too long.
 *
 * @param seconds  how long it may take; DuckDB is interrupted between blocks of 2,048 rows
 * @throws {RuleTimeoutError} terminal: with the rule that takes longest
 */
export async function runRules(
  session: DuckDbSession,
  sql: string,
  rows: RulesRequest,
  seconds: number,
): Promise<void> {
  if (rows.rules.length === 0) return await session.run(sql);
  const limit = AbortSignal.timeout(Math.ceil(seconds * 1_000));
  try {
    await session.run(sql, limit);
  } catch (error) {
    if (error !== limit.reason) throw error;
    const { number, rule } = await slowestRule(session, rows);
    throw new RuleTimeoutError({
      pipeline: rows.pipeline,
      rule: number,
      kind: rule.type,
      text: kindOf(rule).text(rule),
      seconds,
    });
  }
}

/** The rule that adds most to the time that the first rows take. */
async function slowestRule(
  session: DuckDbSession,
  rows: RulesRequest,
): Promise<{ readonly number: number; readonly rule: Rule }> {
  const [first] = rows.rules;
  if (first === undefined) throw new Error('There are no rules.');
  let slowest = { number: 1, rule: first, ms: -1 };
  let before = 0;
  for (const [index, rule] of rows.rules.entries()) {
    const { relation } = await compileRules(session, {
      ...rows,
      rules: rows.rules.slice(0, index + 1),
      relation: `(SELECT * FROM ${rows.relation} LIMIT ${trialRows})`,
      reasons: new RejectReasons(),
    });
    const limit = AbortSignal.timeout(trialSeconds * 1_000);
    const began = performance.now();
    // Whether a row is alive depends on every rule, so no rule is left out.
    const ended = await session.run(`SELECT count(s), max(s) FROM ${relation}`, limit).then(
      () => true,
      (error: unknown) => {
        if (error === limit.reason) return false;
        throw error;
      },
    );
    const ms = performance.now() - began;
    if (!ended) return { number: index + 1, rule };
    if (ms - before > slowest.ms) slowest = { number: index + 1, rule, ms: ms - before };
    before = ms;
  }
  return slowest;
}
