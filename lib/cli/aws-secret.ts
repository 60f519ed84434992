import type { ReadSecret } from '../config/resolve-secret.ts';

/** Reads secrets from AWS Secrets Manager with the default credentials; the SDK is loaded at the first secret. */
export function readAwsSecret(region: string | undefined): ReadSecret {
  return async (name) => {
    const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
    const client = new SecretsManagerClient(region === undefined ? {} : { region });
    try {
      const answer = await client.send(new GetSecretValueCommand({ SecretId: name }));
      return answer.SecretString;
    } finally {
      client.destroy();
    }
  };
}
