import { ownValue } from '../own-value.ts';
import type { Environment } from './environment.ts';
import { SecretNotFoundError } from './errors.ts';
import type { ResolveSecret, SecretReference } from './secret.ts';

/** The part of AWS Secrets Manager that is needed: the text of a secret. */
export type ReadSecret = (name: string) => Promise<string | undefined>;

/** Looks up environment variables and, through `readSecret`, AWS Secrets Manager. Values are not cached on disk. */
export function secretResolver(environment: Environment, readSecret: ReadSecret): ResolveSecret {
  return async (reference: SecretReference) => {
    if ('env' in reference) {
      const value = environment.variable(reference.env);
      if (value === undefined || value === '') {
        throw new SecretNotFoundError(`{"env": "${reference.env}"}`, `Set the environment variable ${reference.env}.`);
      }
      return value;
    }
    const shown = `{"secret": "${reference.secret}"}`;
    let text: string | undefined;
    try {
      text = await readSecret(reference.secret);
    } catch (cause) {
      throw new SecretNotFoundError(shown, 'Check its name and the permission secretsmanager:GetSecretValue.', {
        cause,
      });
    }
    if (text === undefined) throw new SecretNotFoundError(shown, 'It has no text value.');
    return reference.key === undefined ? text : keyOf(text, reference.key, shown);
  };
}

function keyOf(text: string, key: string, shown: string): string {
  let value: unknown;
  try {
    value = ownValue(JSON.parse(text) ?? {}, key);
  } catch (cause) {
    throw new SecretNotFoundError(shown, `It is not a JSON object, so it has no key "${key}".`, {
      cause: cause instanceof Error ? cause.name : undefined,
    });
  }
  if (typeof value !== 'string') throw new SecretNotFoundError(shown, `It has no text under the key "${key}".`);
  return value;
}
