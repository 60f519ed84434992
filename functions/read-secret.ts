import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { ReadSecret } from '../lib/config/resolve-secret.ts';

/** Reads secrets from AWS Secrets Manager; the client opens at the first secret. */
export function readSecret(region: string): ReadSecret {
  let client: SecretsManagerClient | undefined;
  return async (name) => {
    client ??= new SecretsManagerClient({ region });
    return (await client.send(new GetSecretValueCommand({ SecretId: name }))).SecretString;
  };
}
