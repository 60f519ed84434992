import { z } from 'zod';
import { nearest } from '../../nearest.ts';
import { openOrSecretSchema, secretReferenceSchema } from '../secret.ts';

/** What a `{…}` of the signed message and of what is sent may name; `lib/extract/api/auth/hmac.ts` has their values. */
export const hmacWords = [
  'method',
  'host',
  'path',
  'query',
  'sorted_query',
  'path_and_query',
  'url',
  'body',
  'body_sha256',
  'body_md5_base64',
  'timestamp',
  'nonce',
  'key_id',
  'signature',
] as const;

export type HmacWord = (typeof hmacWords)[number];

export const hmacWordPattern = /\{([a-z_0-9]+)\}/g;

const sentSchema = z.record(z.string(), openOrSecretSchema).default({});

export const hmacAuthSchema = z
  .strictObject({
    type: z.literal('hmac'),
    key: secretReferenceSchema.describe('The key that signs.'),
    key_encoding: z.enum(['text', 'base64', 'hex']).default('text').describe('How the key is written.'),
    key_id: openOrSecretSchema.optional().describe('{key_id}: the public part of the key, or a reference to it.'),
    algorithm: z.enum(['sha1', 'sha256', 'sha384', 'sha512']).default('sha256').describe('Hash of the HMAC.'),
    message: z
      .string()
      .min(1)
      .describe(`What is signed, e.g. "{timestamp}{method}{path_and_query}{body}". Known are ${hmacWords.join(', ')}.`),
    encoding: z.enum(['hex', 'base64', 'base64url']).default('hex').describe('How the signature is written.'),
    timestamp: z
      .enum(['epoch_seconds', 'epoch_milliseconds', 'iso8601', 'http_date'])
      .default('epoch_seconds')
      .describe('How {timestamp} is written.'),
    headers: sentSchema.describe('Headers to send, e.g. {"X-Sign": "{signature}", "X-Time": "{timestamp}"}.'),
    query: sentSchema.describe('Query parameters to send; those without {signature} are in {query} as well.'),
  })
  .superRefine((auth, context) => {
    const check = (text: unknown, path: readonly string[], known: readonly string[]): void => {
      if (typeof text !== 'string') return;
      for (const [whole, word = ''] of text.matchAll(hmacWordPattern)) {
        if (word === 'key_id' && auth.key_id === undefined) {
          context.addIssue({ code: 'custom', path: [...path], message: 'has {key_id}, which needs key_id' });
        }
        if (known.includes(word)) continue;
        const meant = nearest(word, known);
        const hint = meant === undefined ? '' : `; did you mean {${meant}}?`;
        const message = `has the unknown placeholder ${whole}${hint} Known here are ${known.join(', ')}`;
        context.addIssue({ code: 'custom', path: [...path], message });
      }
    };
    const unsigned = hmacWords.filter((word) => word !== 'signature');
    check(auth.message, ['message'], unsigned);
    const sent = [auth.headers, auth.query].flatMap((values) => Object.values(values));
    for (const [name, text] of Object.entries(auth.headers)) check(text, ['headers', name], hmacWords);
    for (const [name, text] of Object.entries(auth.query)) {
      check(text, ['query', name], ['timestamp', 'nonce', 'key_id', 'signature']);
    }
    if (!sent.some((text) => typeof text === 'string' && text.includes('{signature}'))) {
      const message = 'send no {signature}; give e.g. headers: {"X-Signature": "{signature}"}';
      context.addIssue({ code: 'custom', path: ['headers'], message });
    }
  })
  .describe('Each request is signed with a key (HMAC) by the recipe that the API documents.');
