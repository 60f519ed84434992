import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { tokenFolder } from '../../../lib/cli/run/token-folder.ts';
import { systemClock } from '../../../lib/clock.ts';
import type { RefreshTokenState, RefreshTokens } from '../../../lib/config/refresh-tokens.ts';
import { scratchFolder } from '../../extract/extract-setup.ts';

const reference = { env: 'R' };
const never = (): boolean => false;

function keeper(folder: string, first = 'first'): RefreshTokens {
  return tokenFolder(folder, async () => first, systemClock, undefined);
}

/** An API that ends a refresh token with its use. */
function rotating() {
  let current = 'first';
  const used: string[] = [];
  const use = async ({ refreshToken }: RefreshTokenState): Promise<RefreshTokenState> => {
    used.push(refreshToken);
    if (refreshToken !== current) throw new Error('invalid_grant');
    await new Promise((resolve) => setTimeout(resolve, 5));
    current = `r${used.length}`;
    return { refreshToken: current, access: { token: `a${used.length}`, expiresAt: 1 } };
  };
  return { use, used };
}

describe('refresh tokens of the state folder', () => {
  it('are used one after the other, each in its newest form, by runs at once', async () => {
    const folder = scratchFolder();
    const { use, used } = rotating();
    await Promise.all(Array.from({ length: 6 }, () => keeper(folder).exclusively(reference, never, use)));
    expect(used).toEqual(['first', 'r1', 'r2', 'r3', 'r4', 'r5']);
    // Nothing is left but the newest, for its owner alone.
    const tokens = path.join(folder, 'tokens');
    const files = readdirSync(tokens);
    expect(files).toHaveLength(1);
    expect(statSync(path.join(tokens, files[0] ?? '')).mode & 0o777).toBe(0o600);
    expect(statSync(tokens).mode & 0o777).toBe(0o700);
  });

  it('are not used where another run has a good access token', async () => {
    const folder = scratchFolder();
    const { use, used } = rotating();
    const isGood = ({ access }: RefreshTokenState): boolean => access !== undefined;
    const states = await Promise.all([1, 2, 3].map(() => keeper(folder).exclusively(reference, isGood, use)));
    expect(used).toEqual(['first']);
    expect(states.map(({ access }) => access?.token)).toEqual(['a1', 'a1', 'a1']);
  });

  it('are passed on by a run that died with the lock', async () => {
    const folder = scratchFolder();
    const { use, used } = rotating();
    await keeper(folder).exclusively(reference, never, use);
    const tokens = path.join(folder, 'tokens');
    const [file = ''] = readdirSync(tokens);
    const { number } = JSON.parse(readFileSync(path.join(tokens, file), 'utf8')) as { number: number };
    // No process has this id: it is beyond what the system gives.
    writeFileSync(path.join(tokens, file.replace('.json', `.lock.${number + 1}`)), '99999999');
    await Promise.all([1, 2].map(() => keeper(folder).exclusively(reference, never, use)));
    expect(used).toEqual(['first', 'r1', 'r2']);
    expect(readdirSync(tokens)).toEqual([file]);
  });

  it('begin anew where the configuration has got another token', async () => {
    const folder = scratchFolder();
    await keeper(folder).exclusively(reference, never, rotating().use);
    const seen = await keeper(folder, 'given again').exclusively(reference, never, async (newest) => newest);
    expect(seen).toEqual({ refreshToken: 'given again' });
  });

  it('stay as they were where the use fails', async () => {
    const folder = scratchFolder();
    const failing = async (): Promise<RefreshTokenState> => {
      throw new Error('busy');
    };
    await expect(keeper(folder).exclusively(reference, never, failing)).rejects.toThrow('busy');
    const { use, used } = rotating();
    await keeper(folder).exclusively(reference, never, use);
    expect(used).toEqual(['first']);
  });
});
