import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { ReadSecret } from '../config/resolve-secret.ts';

/**
 * Reads secrets from AWS Secrets Manager with the default credentials; SDK and client are loaded at the first secret.
 *
 * @param region  default: the one of the environment or of the credentials' profile
 */
export function secretReader(region: string | undefined): ReadSecret {
  let client: SecretsManagerClient | undefined;
  return async (name) => {
    const sdk = await import('@aws-sdk/client-secrets-manager');
    const { clientOptions } = await import('./client-options.ts');
    client ??= new sdk.SecretsManagerClient({ ...clientOptions(), ...(region === undefined ? {} : { region }) });
    const response = await client.send(new sdk.GetSecretValueCommand({ SecretId: name }));
    return response.SecretString;
  };
}
