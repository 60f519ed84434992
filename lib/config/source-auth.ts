import { z } from 'zod';
import { apiKeyAuthSchema, basicAuthSchema, bearerAuthSchema } from './auth/fixed.ts';
import { hmacAuthSchema } from './auth/hmac.ts';
import { loginAuthSchema } from './auth/login.ts';
import {
  oauthClientCredentialsSchema,
  oauthCustomGrantSchema,
  oauthJwtBearerSchema,
  oauthPasswordSchema,
  oauthRefreshTokenSchema,
} from './auth/oauth.ts';

/**
 * How requests prove who sends them. Secrets are references; a user name may stand in the open. One entry for each type;
 * `lib/extract/api/authorizers.ts` makes them.
 */
export const authSchema = z.discriminatedUnion('type', [
  bearerAuthSchema,
  apiKeyAuthSchema,
  basicAuthSchema,
  oauthClientCredentialsSchema,
  oauthRefreshTokenSchema,
  oauthPasswordSchema,
  oauthJwtBearerSchema,
  oauthCustomGrantSchema,
  loginAuthSchema,
  hmacAuthSchema,
]);

export type AuthSettings = z.infer<typeof authSchema>;
export type AuthType = AuthSettings['type'];
export type AuthOf<T extends AuthType> = Extract<AuthSettings, { type: T }>;
