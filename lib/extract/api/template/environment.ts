import type { ApiSettings } from '../../../config/pipeline.ts';
import type { ExtractRequest } from '../../request.ts';
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
  const { parent } = settings;
  const headers = requestHeaders(request, settings);
  const names = new Set(
    [
      ...placeholdersIn({ ...settings, headers }),
      ...(parent === undefined ? [] : placeholdersIn({ ...parent, method: 'GET', headers: {}, body: undefined })),
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
