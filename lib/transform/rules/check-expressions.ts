import { tmpdir } from 'node:os';
import type { Rule } from '../../config/business-rule.ts';
import { openDuckDb } from '../../duckdb/open-duckdb.ts';
import { checkRules } from './compile-rules.ts';

/**
 * Parses the rules of a pipeline without data: syntax, and what expressions may use. Whether the columns exist and the
 * types fit can only be told when rows are there.
 *
 * @throws {BadRuleError} for the first rule that can never run
 */
export async function checkExpressions(settings: {
  readonly name: string;
  readonly business_rules: readonly Rule[];
}): Promise<void> {
  if (settings.business_rules.length === 0) {
    return;
  }
  const session = await openDuckDb({ allowedDirs: [], tempDir: tmpdir(), memoryLimitMb: 128, threads: 1 });
  try {
    await checkRules(session, settings.name, settings.business_rules);
  } finally {
    session.close();
  }
}
