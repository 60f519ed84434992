import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { secretRefreshTokens } from '../../lib/aws/refresh-token-secret.ts';
import { secretReader } from '../../lib/aws/secret-reader.ts';
import { systemClock } from '../../lib/clock.ts';
import type { RefreshTokenState } from '../../lib/config/refresh-tokens.ts';
import { secretResolver } from '../../lib/config/resolve-secret.ts';
import { sendJson, startApi, VirtualClock } from '../extract/extract-setup.ts';

/** The part of Secrets Manager that is used: versions by their ids, of which one has AWSCURRENT. */
async function startSecrets(first: string) {
  const versions = new Map([['v1', first]]);
  let current = 'v1';
  const puts: string[] = [];
  let refuse = false;
  const { url } = await startApi(({ body, headers }, response) => {
    const input = JSON.parse(body) as Record<string, string> & { VersionStages: readonly string[] };
    const json = { 'content-type': 'application/x-amz-json-1.1' };
    if (headers['x-amz-target'] === 'secretsmanager.GetSecretValue') {
      return sendJson(response, { SecretString: versions.get(current), VersionId: current }, json);
    }
    const { ClientRequestToken: id = '', SecretString: text = '', VersionStages: stages } = input;
    if (refuse) return sendJson(response, { __type: 'AccessDeniedException', message: 'no' }, json, 400);
    if (id.length < 32) return sendJson(response, { __type: 'InvalidParameterException' }, json, 400);
    const there = versions.get(id);
    if (there !== undefined && there !== text) {
      return sendJson(response, { __type: 'ResourceExistsException', message: 'there' }, json, 400);
    }
    versions.set(id, text);
    puts.push(stages.join());
    if (stages.includes('AWSCURRENT')) current = id;
    sendJson(response, { VersionId: id }, json);
  });
  for (const [name, value] of Object.entries({
    AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'example',
    AWS_REGION: 'us-east-1',
  })) {
    vi.stubEnv(name, value);
  }
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  return {
    puts,
    content: () => JSON.parse(versions.get(current) ?? '') as Record<string, unknown>,
    refuse: () => {
      refuse = true;
    },
  };
}

const reference = { secret: 'shop/api', key: 'refresh_token' };
const never = (): boolean => false;
const first = JSON.stringify({ client_secret: 'c', refresh_token: 'first' });

function rotating() {
  let current = 'first';
  const used: string[] = [];
  const use = async ({ refreshToken }: RefreshTokenState): Promise<RefreshTokenState> => {
    used.push(refreshToken);
    if (refreshToken !== current) throw new Error('invalid_grant');
    current = `r${used.length}`;
    return { refreshToken: current, access: { token: `a${used.length}`, expiresAt: 1_000_000 } };
  };
  return { use, used };
}

function keeper(clock = systemClock) {
  const resolve = secretResolver({ home: undefined, variable: () => undefined }, secretReader('us-east-1'));
  return secretRefreshTokens('us-east-1', resolve, clock);
}

describe('refresh tokens of a secret', () => {
  it('are used by one run at a time, each in its newest form, and the rest of the secret stays', async () => {
    const secrets = await startSecrets(first);
    const { use, used } = rotating();
    await Promise.all([1, 2, 3].map(() => keeper().exclusively(reference, never, use)));
    expect(used).toEqual(['first', 'r1', 'r2']);
    expect(secrets.content()).toMatchObject({ client_secret: 'c', refresh_token: 'r3', dsql_etl_access_token: 'a3' });
  });

  it('are not used where the secret has an access token that is good', async () => {
    const secrets = await startSecrets(first);
    const { use, used } = rotating();
    const isGood = ({ access }: RefreshTokenState): boolean => access !== undefined;
    for (let run = 0; run < 3; run += 1) {
      expect((await keeper().exclusively(reference, isGood, use)).access?.token).toBe('a1');
    }
    expect(used).toEqual(['first']);
    expect(secrets.puts).toEqual(['DSQL_ETL_REFRESHING', 'AWSCURRENT']);
  });

  it('that stay the same can be used again and again', async () => {
    await startSecrets(first);
    const same = async ({ refreshToken }: RefreshTokenState): Promise<RefreshTokenState> => ({ refreshToken });
    const clock = new VirtualClock();
    for (let run = 0; run < 3; run += 1) await keeper(clock).exclusively(reference, never, same);
    expect(clock.slept).toEqual([]);
  });

  it('are used by another run when the one that had them is gone', async () => {
    await startSecrets(first);
    const died = async (): Promise<RefreshTokenState> => {
      throw new Error('killed');
    };
    await expect(keeper().exclusively(reference, never, died)).rejects.toThrow('killed');
    const { use, used } = rotating();
    const clock = new VirtualClock();
    await keeper(clock).exclusively(reference, never, use);
    expect(used).toEqual(['first']);
    expect(clock.slept.length).toBeGreaterThan(80);
  });

  it('that may not be written are not used at all', async () => {
    const secrets = await startSecrets(first);
    secrets.refuse();
    const { use, used } = rotating();
    await expect(keeper().exclusively(reference, never, use)).rejects.toMatchObject({
      code: 'refresh_token_not_kept',
      message: expect.stringContaining('secretsmanager:PutSecretValue'),
    });
    expect(used).toEqual([]);
  });
});
