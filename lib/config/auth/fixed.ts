import { z } from 'zod';
import { openOrSecretSchema, secretReferenceSchema } from '../secret.ts';

/** Credentials that stay the same. */

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
    prefix: z
      .string()
      .default('')
      .describe('What stands before the key, e.g. "Klaviyo-API-Key " with the name Authorization.'),
    key: secretReferenceSchema.describe('The key.'),
  })
  .describe(
    'A fixed key in a header or in the query. A second one is a header by reference: headers: {X-App: {env: …}}.',
  );

export const basicAuthSchema = z
  .strictObject({
    type: z.literal('basic'),
    username: openOrSecretSchema.describe('User name, or a reference to it.'),
    password: secretReferenceSchema.describe('The password.'),
  })
  .describe('User name and password (RFC 7617).');
