import { z } from 'zod';
import { openOrSecretSchema, secretReferenceSchema } from '../secret.ts';
import { plainJsonPathSchema } from '../source-json-path.ts';

const valueSchema = z.union([openOrSecretSchema, z.number(), z.boolean()]);

/** A session: one request logs in, and what it answers with is sent with the others. */
export const loginAuthSchema = z
  .strictObject({
    type: z.literal('login'),
    login_url: z.url({ protocol: /^https?$/ }).describe('Where to log in.'),
    method: z.enum(['GET', 'POST']).default('POST').describe('HTTP method of the login.'),
    body: z
      .record(z.string(), valueSchema)
      .optional()
      .describe('JSON body of the login; dots lead into objects, and a value may be a reference.'),
    form: z.record(z.string(), valueSchema).optional().describe('The same as a form.'),
    headers: z
      .record(z.string(), openOrSecretSchema)
      .default({})
      .describe('Headers of the login; a value may be a reference.'),
    username: openOrSecretSchema.optional().describe('User name of a login by HTTP Basic, or a reference to it.'),
    password: secretReferenceSchema.optional().describe('Password of a login by HTTP Basic.'),
    token_path: plainJsonPathSchema.optional().describe('JSONPath of the token in the response.'),
    token_header: z.string().min(1).optional().describe('Header of the response with the token.'),
    cookies: z.literal(true).optional().describe('The cookies of the response are sent with each request.'),
    send_as: z
      .strictObject({
        in: z.enum(['header', 'query']).default('header').describe('Where the token is sent.'),
        name: z.string().min(1).default('Authorization').describe('Name of the header or query parameter.'),
        prefix: z.string().optional().describe('What stands before it. Default: "Bearer " in Authorization.'),
      })
      .optional()
      .describe('How the token is sent. Default: as "Authorization: Bearer …".'),
    lifetime_seconds: z
      .number()
      .positive()
      .optional()
      .describe('After how long a new login is made. Default: after the API has refused the old one.'),
    expired_statuses: z
      .array(z.int().min(400).max(499))
      .default([401])
      .describe('Statuses that say that the session has ended.'),
  })
  .superRefine((auth, context) => {
    const add = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    const { body, cookies, form, method, password, send_as, token_header, token_path, username } = auth;
    const tokens = [token_path, token_header].filter((place) => place !== undefined).length;
    if (tokens + (cookies === undefined ? 0 : 1) === 0) {
      add('token_path', 'is missing: give token_path, token_header or cookies: true, what the login answers with');
    }
    if (tokens === 2) add('token_header', 'and token_path are two places of one token; give one');
    if (send_as !== undefined && tokens === 0) add('send_as', 'says how a token is sent, and there are only cookies');
    if (body !== undefined && form !== undefined) add('form', 'and body are two bodies of one request; give one');
    if (method === 'GET' && (body ?? form) !== undefined) add('method', 'must be POST where there is a body or form');
    if ((username === undefined) !== (password === undefined)) add('username', 'and password belong together');
  })
  .describe('A login request whose token or cookies are sent with each request; again when they have expired.');
