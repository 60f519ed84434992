import type { LoadedConfig } from '../../config/read-config.ts';
import { ownValue } from '../../own-value.ts';

/** @throws for a business rule that can never run: its syntax is wrong, or it uses what rules may not use */
export async function checkRulesOf({ config }: LoadedConfig, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const settings = ownValue(config.pipelines, name);
    if (settings === undefined || settings.business_rules.length === 0) continue;
    // DuckDB parses them, which takes longer to load than a configuration without rules to check.
    const { checkExpressions } = await import('../../transform/rules/check-expressions.ts');
    await checkExpressions({ ...settings, name });
  }
}
