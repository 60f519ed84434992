import { createHash, randomUUID } from 'node:crypto';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { RefreshTokenState, RefreshTokens } from '../config/refresh-tokens.ts';
import type { ResolveSecret, SecretReference } from '../config/secret.ts';
import { RefreshTokenNotKeptError } from './errors.ts';

type InObject = Extract<SecretReference, { secret: string }> & { readonly key: string };

/** How long another run may take to use a token before it is taken for dead. */
const patienceMs = 90_000;
const pollMs = 1_000;
/** Stage of the versions that say who uses a token; the token's own versions have AWSCURRENT. */
const claimStage = 'DSQL_ETL_REFRESHING';
/** Members beside the token's own. */
const accessMember = 'dsql_etl_access_token';
const expiryMember = 'dsql_etl_access_token_expires_at';
/** How often the token was used. */
const usesMember = 'dsql_etl_uses';

/** A secret's text is a JSON object; the refresh token is one of its members. */
const contentSchema = z.looseObject({
  [accessMember]: z.string().optional().catch(undefined),
  [expiryMember]: z.number().optional().catch(undefined),
  [usesMember]: z.int().catch(0),
});

/**
 * Keeps refresh tokens in the secrets of AWS Secrets Manager that the configuration refers to. A version whose id is made
 * of the token can be written once: who writes it uses the token, and the others wait for the next one.
 *
 * @throws {RefreshTokenNotKeptError} when the secret cannot be written
 * Killed while it has a token: the others wait 90 s for it, and then use the token themselves.
 */
export function secretRefreshTokens(
  region: string | undefined,
  resolveSecret: ResolveSecret,
  clock: Clock,
): RefreshTokens {
  let client: SecretsManagerClient | undefined;
  return {
    exclusively: async (reference, isGood, use) => {
      if (!isInObject(reference)) throw new TypeError('A refresh token in a secret has a key.');
      const { key, secret } = reference;
      const sdk = await import('@aws-sdk/client-secrets-manager');
      client ??= new sdk.SecretsManagerClient(region === undefined ? {} : { region });
      const put = putter(sdk, client, secret);
      const read = async () => contentSchema.parse(JSON.parse(await resolveSecret({ secret })));
      for (const begun = clock.now().getTime(); ; ) {
        const newest = { refreshToken: await resolveSecret(reference), ...accessOf(await read()) };
        if (isGood(newest)) return newest;
        const id = claimId(newest.refreshToken, (await read())[usesMember]);
        const isMine = await put(JSON.stringify({ claim: randomUUID() }), claimStage, id);
        if (isMine || clock.now().getTime() - begun > patienceMs) {
          const next = await use(newest);
          // What else is in the secret may have been changed meanwhile.
          const content = await read();
          const { access, refreshToken } = next;
          const isKnown = access !== undefined && Number.isFinite(access.expiresAt);
          const kept = {
            ...content,
            [key]: refreshToken,
            [accessMember]: isKnown ? access.token : undefined,
            [expiryMember]: isKnown ? access.expiresAt : undefined,
            [usesMember]: content[usesMember] + 1,
          };
          await put(JSON.stringify(kept), 'AWSCURRENT', randomUUID());
          return next;
        }
        await clock.sleep(pollMs);
      }
    },
  };
}

function isInObject(reference: SecretReference): reference is InObject {
  return 'secret' in reference && reference.key !== undefined;
}

type Sdk = typeof import('@aws-sdk/client-secrets-manager');

/** Writes a version of a secret; false where there is one of that id, with another text. */
function putter(sdk: Sdk, client: SecretsManagerClient, secret: string) {
  return async (text: string, stage: string, id: string): Promise<boolean> => {
    try {
      const version = { SecretId: secret, SecretString: text, ClientRequestToken: id, VersionStages: [stage] };
      await client.send(new sdk.PutSecretValueCommand(version));
      return true;
    } catch (cause) {
      if (cause instanceof sdk.ResourceExistsException) return false;
      throw new RefreshTokenNotKeptError(secret, { cause });
    }
  };
}

/** A UUID that says nothing about the token. */
function claimId(refreshToken: string, uses: number): string {
  const hex = createHash('sha256').update(`dsql-etl ${uses} ${refreshToken}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

function accessOf(content: z.infer<typeof contentSchema>): Pick<RefreshTokenState, 'access'> {
  const { [accessMember]: token, [expiryMember]: expiresAt } = content;
  return token === undefined || expiresAt === undefined ? {} : { access: { token, expiresAt } };
}
