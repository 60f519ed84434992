import { DsqlSigner } from '@aws-sdk/dsql-signer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { refuseToken, type TokenExpectation } from '../../../lib/local/gate/token.ts';

const credentials = {
  accessKeyId: 'AKIALOCAL00000000000',
  secretAccessKey: 'secret/with+signs=',
  clusterId: 'abcdefghijklmnopqrstuvwxyz',
  region: 'us-east-1',
};
const hosts = ['localhost', '127.0.0.1', 'abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws'];

function expectation(change: Partial<TokenExpectation> = {}): TokenExpectation {
  return { user: 'admin', hosts, credentials, now: new Date(), ...change };
}

async function sign(change: Partial<ConstructorParameters<typeof DsqlSigner>[0]> = {}, admin = true): Promise<string> {
  const signer = new DsqlSigner({ hostname: 'localhost', region: 'us-east-1', credentials, ...change });
  return admin ? await signer.getDbConnectAdminAuthToken() : await signer.getDbConnectAuthToken();
}

describe("a token of AWS's own signer", () => {
  test.each(hosts)('is accepted for %s', async (hostname) => {
    expect(refuseToken(await sign({ hostname }), expectation())).toBeUndefined();
  });

  test('is accepted for another role with the other action', async () => {
    expect(refuseToken(await sign({}, false), expectation({ user: 'writer' }))).toBeUndefined();
    expect(refuseToken(await sign({}, false), expectation())?.reason).toBe('action is not DbConnectAdmin');
    expect(refuseToken(await sign(), expectation({ user: 'writer' }))?.reason).toBe('action is not DbConnect');
  });

  test('is refused for another host, region, key or secret', async () => {
    expect(refuseToken(await sign({ hostname: 'example.com' }), expectation())?.reason).toBe('another host');
    expect(refuseToken(await sign({ region: 'eu-west-1' }), expectation())?.reason).toBe('another region');
    const stranger = { ...credentials, accessKeyId: 'AKIASTRANGER' };
    expect(refuseToken(await sign({ credentials: stranger }), expectation())?.reason).toBe('unknown access key');
    const forged = { ...credentials, secretAccessKey: 'guess' };
    expect(refuseToken(await sign({ credentials: forged }), expectation())?.reason).toBe('bad signature');
  });

  test('is refused with a hint when it ran out, and is good until then', async () => {
    const token = await sign({ expiresIn: 60 });
    const in55 = new Date(Date.now() + 55_000);
    const in65 = new Date(Date.now() + 65_000);
    expect(refuseToken(token, expectation({ now: in55 }))).toBeUndefined();
    expect(refuseToken(token, expectation({ now: in65 }))?.hint).toMatch(
      /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z$/,
    );
  });

  test('is refused when it is good for longer than a week', async () => {
    const token = (await sign()).replace('X-Amz-Expires=900', 'X-Amz-Expires=604801');
    expect(refuseToken(token, expectation())?.hint).toBe('X-Amz-Expires must be less than a week (in seconds)');
  });
});

test('a token changed in any one character is refused', async () => {
  const token = await sign();
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom('0', 'a', 'Z', '&', '%', '='), (place, character) => {
      fc.pre(token[place] !== character);
      const changed = token.slice(0, place) + character + token.slice(place + 1);
      // The host and the hexadecimal digits of the signature may be written in either case.
      fc.pre(changed.toLowerCase() !== token.toLowerCase());
      expect(refuseToken(changed, expectation())).toBeDefined();
    }),
    { numRuns: 500 },
  );
});

test('no text makes the check throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(refuseToken(text, expectation())).toBeDefined();
      expect(refuseToken(`localhost/?X-Amz-Signature=${text}`, expectation())).toBeDefined();
    }),
  );
});
