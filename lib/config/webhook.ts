import { z } from 'zod';

/** Where notices are posted to besides the topic. The URL is a secret: whoever knows it can write into the channel. */
export const webhookSchema = z.strictObject({
  secret: z.string().min(1).describe('Name or ARN of the secret in AWS Secrets Manager that holds the URL.'),
  key: z.string().min(1).optional().describe('Key inside the secret where it is a JSON object.'),
  allow_private_addresses: z
    .boolean()
    .default(false)
    .describe('The URL may lead to an address that is not public, and may be http.'),
});

export type Webhook = z.infer<typeof webhookSchema>;

/** The webhooks that are told of a pipeline: that of the deployment, and the pipeline's own where it is another one. */
export function webhooksOf(
  deploy: { readonly webhook?: Webhook | undefined },
  pipeline: { readonly webhook?: Webhook | undefined } | undefined,
): readonly Webhook[] {
  const both = [deploy.webhook, pipeline?.webhook].filter((one) => one !== undefined);
  return both.filter((one, at) => both.findIndex((other) => sameSecret(one, other)) === at);
}

function sameSecret(one: Webhook, other: Webhook): boolean {
  return one.secret === other.secret && one.key === other.key;
}
