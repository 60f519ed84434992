import { z } from 'zod';

/** A secret is named in the configuration and looked up when it is used; its value is never printed or logged. */
export const secretReferenceSchema = z
  .union([
    z.strictObject({ env: z.string().min(1).describe('Name of the environment variable that holds the value.') }),
    z.strictObject({
      secret: z.string().min(1).describe('Name or ARN of a secret in AWS Secrets Manager.'),
      key: z.string().min(1).optional().describe('Key inside the secret where it is a JSON object.'),
    }),
  ])
  .describe('A reference to a secret: {"env": "NAME"} or {"secret": "name-or-arn", "key": "…"}.');

/** What may stand in the open, such as a user name, or is a reference. */
export const openOrSecretSchema = z.union([z.string().min(1), secretReferenceSchema]);

export type SecretReference = z.infer<typeof secretReferenceSchema>;

/** Looks a secret up. Throws a `SecretNotFoundError` that names the reference, never the value. */
export type ResolveSecret = (reference: SecretReference) => Promise<string>;
