import { createHash, createHmac, randomUUID } from 'node:crypto';
import { type HmacWord, hmacWordPattern } from '../../../config/auth/hmac.ts';
import type { AuthOf } from '../../../config/source-auth.ts';
import { type Authorization, type Authorizer, type AuthorizerParts, resolved, resolvedMembers } from './authorizer.ts';

type Hmac = AuthOf<'hmac'>;
type Words = Partial<Record<HmacWord, string>>;

/** Signs each request by the recipe of the configuration. */
export async function hmacAuthorizer(auth: Hmac, parts: AuthorizerParts): Promise<Authorizer> {
  const { clock, redactor, resolveSecret } = parts;
  const secret = await resolved(auth.key, resolveSecret, redactor);
  const key = auth.key_encoding === 'text' ? Buffer.from(secret) : Buffer.from(secret, auth.key_encoding);
  const key_id = auth.key_id === undefined ? '' : await resolved(auth.key_id, resolveSecret, redactor);
  const headers = await resolvedMembers(auth.headers, parts);
  const query = await resolvedMembers(auth.query, parts);
  return {
    renew: async () => false,
    authorize: async ({ body = '', method, url }): Promise<Authorization> => {
      const words: Words = { key_id, timestamp: timeOf(auth, clock.now()), nonce: randomUUID() };
      // What is sent in the query is signed with it, but for the signature.
      const signed = new URL(url);
      for (const [name, text] of query) {
        if (!text.includes('{signature}')) signed.searchParams.set(name, filled(text, words));
      }
      const whole: Words = { ...words, ...requestWords(method, signed, body) };
      const signature = createHmac(auth.algorithm, key).update(filled(auth.message, whole)).digest(auth.encoding);
      const sent = { ...whole, signature };
      const fill = (values: ReadonlyMap<string, string>): Record<string, string> =>
        Object.fromEntries([...values].map(([name, text]) => [name.toLowerCase(), filled(text, sent)]));
      return {
        headers: fill(headers),
        query: Object.fromEntries([...query].map(([name, text]) => [name, filled(text, sent)])),
      };
    },
  };
}

function requestWords(method: string, url: URL, body: string): Words {
  const query = url.search.slice(1);
  return {
    method,
    host: url.host,
    path: url.pathname,
    query,
    sorted_query: query.split('&').sort().join('&'),
    path_and_query: `${url.pathname}${url.search}`,
    url: url.href,
    body,
    body_sha256: createHash('sha256').update(body).digest('hex'),
    body_md5_base64: createHash('md5').update(body).digest('base64'),
  };
}

function timeOf({ timestamp }: Hmac, now: Date): string {
  switch (timestamp) {
    case 'epoch_seconds':
      return String(Math.floor(now.getTime() / 1_000));
    case 'epoch_milliseconds':
      return String(now.getTime());
    case 'iso8601':
      return now.toISOString();
    case 'http_date':
      return now.toUTCString();
  }
}

function filled(text: string, words: Words): string {
  return text.replaceAll(hmacWordPattern, (whole, word: string) =>
    Object.hasOwn(words, word) ? (words[word as HmacWord] ?? whole) : whole,
  );
}
