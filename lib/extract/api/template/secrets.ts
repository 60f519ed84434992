import type { ApiSettings } from '../../../config/pipeline.ts';
import { secretNamesIn } from '../../../config/sources/check-secrets.ts';
import { ownValue } from '../../../own-value.ts';
import type { ExtractRequest } from '../../request.ts';
import type { Redactor } from '../redactor.ts';

/**
 * The secrets that `{secret.name}` names somewhere in a pipeline, kept out of messages; what the pipeline says wins over
 * what `data_source` says.
 *
 * @throws {SecretNotFoundError} when one is not there
 */
export async function templateSecrets(
  { pipeline, resolveSecret }: ExtractRequest,
  settings: ApiSettings,
  redactor: Redactor,
): Promise<ReadonlyMap<string, string>> {
  const known = { ...pipeline.dataSource.secrets, ...settings.secrets };
  const values = new Map<string, string>();
  for (const { name } of secretNamesIn([settings, pipeline.dataSource.headers])) {
    const reference = ownValue(known, name);
    if (reference === undefined || values.has(name)) continue;
    const value = await resolveSecret(reference);
    redactor.learn(value);
    values.set(name, value);
  }
  return values;
}
