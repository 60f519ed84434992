import { z } from 'zod';
import { secretReferenceSchema } from './secret.ts';

/** How requests prove who sends them. Secrets are references; a user name may stand in the open. */

const openOrSecretSchema = z.union([z.string().min(1), secretReferenceSchema]);

export const bearerAuthSchema = z
  .strictObject({
    type: z.literal('bearer'),
    token: secretReferenceSchema.describe('Sent as "Authorization: Bearer …".'),
  })
  .describe('A fixed token in the Authorization header.');

export const apiKeyAuthSchema = z
  .strictObject({
    type: z.literal('api_key'),
    name: z.string().min(1).describe('Name of the header or query parameter, e.g. "X-Api-Key".'),
    in: z.enum(['header', 'query']).default('header').describe('Where the key is sent.'),
    key: secretReferenceSchema.describe('The key.'),
  })
  .describe('A fixed key in a header or in the query.');

export const basicAuthSchema = z
  .strictObject({
    type: z.literal('basic'),
    username: openOrSecretSchema.describe('User name, or a reference to it.'),
    password: secretReferenceSchema.describe('The password.'),
  })
  .describe('User name and password (RFC 7617).');

export const oauth2AuthSchema = z
  .strictObject({
    type: z.literal('oauth2_client_credentials'),
    token_url: z.url({ protocol: /^https?$/ }).describe('Where tokens are issued.'),
    client_id: openOrSecretSchema.describe('Client identifier, or a reference to it.'),
    client_secret: secretReferenceSchema.describe('The client secret.'),
    scope: z.string().min(1).optional().describe('Scopes, separated by blanks.'),
    token_params: z
      .record(z.string(), z.string())
      .default({})
      .describe('Further form fields of the token request, e.g. {"audience": "…"}.'),
    client_auth: z
      .enum(['header', 'body'])
      .default('header')
      .describe('Whether id and secret go into the Authorization header (RFC 6749 §2.3.1) or into the form.'),
  })
  .describe('OAuth 2.0 client credentials (RFC 6749 §4.4); a new token before the old one expires, or after a 401.');

export const authSchema = z.discriminatedUnion('type', [
  bearerAuthSchema,
  apiKeyAuthSchema,
  basicAuthSchema,
  oauth2AuthSchema,
]);

export type AuthSettings = z.infer<typeof authSchema>;
export type AuthType = AuthSettings['type'];
export type AuthOf<T extends AuthType> = Extract<AuthSettings, { type: T }>;
