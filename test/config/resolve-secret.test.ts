import { describe, expect, it } from 'vitest';
import type { Environment } from '../../lib/config/environment.ts';
import { secretResolver } from '../../lib/config/resolve-secret.ts';

const environment: Environment = {
  home: undefined,
  variable: (name) => (name === 'TOKEN' ? 'abc' : undefined),
};

describe('a secret', () => {
  it('is read from the environment', async () => {
    const resolve = secretResolver(environment, async () => undefined);
    expect(await resolve({ env: 'TOKEN' })).toBe('abc');
  });

  it('that is not set is an error that names the variable', async () => {
    const resolve = secretResolver(environment, async () => undefined);
    await expect(resolve({ env: 'MISSING' })).rejects.toThrow('Set the environment variable MISSING');
  });

  it('is read from a key of a JSON secret', async () => {
    const resolve = secretResolver(environment, async () => '{"password":"xyz"}');
    expect(await resolve({ secret: 'db', key: 'password' })).toBe('xyz');
  });

  it('never appears in an error', async () => {
    const resolve = secretResolver(environment, async () => 'not json: hunter2');
    await expect(resolve({ secret: 'db', key: 'password' })).rejects.toThrow(/^(?!.*hunter2).*no key "password"/);
  });
});
