import type { ApiSettings } from '../../../config/pipeline.ts';
import { placeholdersOf } from '../../../config/template.ts';
import type { ExtractRequest } from '../../request.ts';
import { listTexts, partitionsOf } from '../partitions/partitions.ts';
import type { Redactor } from '../redactor.ts';
import { requestHeaders } from '../request-headers.ts';
import { placeholdersIn } from './request-template.ts';

/**
 * The environment variables that `{env.NAME}` names, kept out of messages like secrets.
 *
 * @throws {SecretNotFoundError} when one is not set
 */
export async function templateEnvironment(
  request: ExtractRequest,
  settings: ApiSettings,
  redactor: Redactor,
): Promise<ReadonlyMap<string, string>> {
  const texts = { ...settings, headers: requestHeaders(request, settings) };
  const levels = partitionsOf(settings, texts)?.levels ?? [];
  const { result_endpoint = '', status_endpoint = '' } = settings.async ?? {};
  const names = new Set(
    [
      ...placeholdersIn(texts),
      ...levels.flatMap((level) => placeholdersIn({ ...listTexts(level.settings), headers: {} })),
      ...[status_endpoint, result_endpoint].flatMap(placeholdersOf),
    ].flatMap(({ member, name }) => (name === 'env' && member !== undefined ? [member] : [])),
  );
  const values = new Map<string, string>();
  for (const name of names) {
    const value = await request.resolveSecret({ env: name });
    redactor.learn(value);
    values.set(name, value);
  }
  return values;
}
