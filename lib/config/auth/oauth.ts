import { z } from 'zod';
import { openOrSecretSchema, secretReferenceSchema } from '../secret.ts';

/** OAuth 2.0: an access token is asked for, and again before it expires or after a 401. */

const tokenShape = {
  token_url: z.url({ protocol: /^https?$/ }).describe('Where tokens are issued.'),
  scope: z.string().min(1).optional().describe('Scopes, separated by blanks.'),
  token_params: z
    .record(z.string(), openOrSecretSchema)
    .default({})
    .describe('Further form fields of the token request, e.g. {"audience": "…"}; a value may be a reference.'),
  token_prefix: z
    .string()
    .default('Bearer ')
    .describe('What stands before the token in the Authorization header of requests, with its blank.'),
};

const clientShape = {
  client_id: openOrSecretSchema.describe('Client identifier, or a reference to it.'),
  client_secret: secretReferenceSchema.describe('The client secret.'),
  client_auth: z
    .enum(['header', 'body'])
    .default('header')
    .describe('Whether id and secret go into the Authorization header (RFC 6749 §2.3.1) or into the form.'),
};

/** A client that proves itself, one that only says its name, or none. */
const optionalClientShape = {
  client_id: clientShape.client_id.optional(),
  client_secret: clientShape.client_secret.optional(),
  client_auth: clientShape.client_auth,
};

function checkClient(
  auth: { readonly client_id?: unknown; readonly client_secret?: unknown },
  context: z.core.$RefinementCtx,
): void {
  if (auth.client_secret === undefined || auth.client_id !== undefined) return;
  context.addIssue({ code: 'custom', path: ['client_secret'], message: 'needs client_id, whose secret it is' });
}

export const oauthClientCredentialsSchema = z
  .strictObject({ type: z.literal('oauth2_client_credentials'), ...tokenShape, ...clientShape })
  .describe('OAuth 2.0 client credentials (RFC 6749 §4.4).');

export const oauthRefreshTokenSchema = z
  .strictObject({
    type: z.literal('oauth2_refresh_token'),
    ...tokenShape,
    ...optionalClientShape,
    refresh_token: secretReferenceSchema.describe(
      'The refresh token. Where the API gives a new one for each use, the newest is kept: in the state folder for {"env": …}, in the secret itself for {"secret": …}.',
    ),
  })
  .superRefine((auth, context) => {
    checkClient(auth, context);
    if (!('secret' in auth.refresh_token) || auth.refresh_token.key !== undefined) return;
    const message = 'needs a key: the secret is a JSON object, in which the newest token is kept';
    context.addIssue({ code: 'custom', path: ['refresh_token'], message });
  })
  .describe('OAuth 2.0 refresh token (RFC 6749 §6), also where each use gives a new one.');

export const oauthPasswordSchema = z
  .strictObject({
    type: z.literal('oauth2_password'),
    ...tokenShape,
    ...optionalClientShape,
    username: openOrSecretSchema.describe('User name, or a reference to it.'),
    password: secretReferenceSchema.describe('The password.'),
  })
  .superRefine(checkClient)
  .describe('OAuth 2.0 resource owner password (RFC 6749 §4.3).');

export const jwtAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA'] as const;

export const oauthJwtBearerSchema = z
  .strictObject({
    type: z.literal('oauth2_jwt_bearer'),
    ...tokenShape,
    private_key: secretReferenceSchema.describe('The private key that signs, as PEM (PKCS #8 or PKCS #1).'),
    key_id: openOrSecretSchema.optional().describe('`kid` in the header of the assertion.'),
    algorithm: z.enum(jwtAlgorithms).default('RS256').describe('How the assertion is signed.'),
    issuer: openOrSecretSchema.describe('`iss`, e.g. the e-mail of a service account or the consumer key.'),
    subject: openOrSecretSchema.optional().describe('`sub`, the user in whose name rows are read.'),
    audience: z.string().min(1).optional().describe('`aud`. Default: token_url.'),
    claims: z
      .record(z.string(), z.union([openOrSecretSchema, z.number(), z.boolean()]))
      .default({})
      .describe('Further claims, e.g. {"scope": "https://www.googleapis.com/auth/spreadsheets.readonly"}.'),
    lifetime_seconds: z.int().min(30).max(3_600).default(300).describe('For how long the assertion is good.'),
  })
  .describe('OAuth 2.0 JWT bearer (RFC 7523 §2.1), as of service accounts.');

export const oauthCustomGrantSchema = z
  .strictObject({
    type: z.literal('oauth2_custom_grant'),
    ...tokenShape,
    ...optionalClientShape,
    grant_type: z.string().min(1).describe('`grant_type` of the token request, e.g. "account_credentials".'),
  })
  .superRefine(checkClient)
  .describe("Any other grant: the grant's own fields stand in token_params.");
