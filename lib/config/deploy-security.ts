import { z } from 'zod';

/** Settings of companies that have rules for networks, keys, tags and roles. */

const keyArn = z
  .string()
  .regex(
    /^arn:[^:]+:kms:[^:]+:\d{12}:key\/([0-9a-f-]{36}|mrk-[0-9a-f]{32})$/,
    'must be the ARN of a KMS key, arn:aws:kms:REGION:ACCOUNT:key/ID',
  );

const vpcSchema = z.strictObject({
  subnets: z
    .array(z.string().regex(/^subnet-[0-9a-f]{8,17}$/, 'must be the id of a subnet, subnet-…'))
    .min(1)
    .max(16)
    .describe('Subnets of the functions; private ones, in two zones or more.'),
  security_groups: z
    .array(z.string().regex(/^sg-[0-9a-f]{8,17}$/, 'must be the id of a security group, sg-…'))
    .min(1)
    .max(5)
    .describe('Security groups of the functions.'),
  all_functions: z
    .boolean()
    .default(false)
    .describe(
      'All functions are in the VPC, and not extract, transform, scatter and load alone; for a cluster that takes no others.',
    ),
});

const keysSchema = z.strictObject({
  staging: keyArn.optional().describe('Encrypts the staging bucket.'),
  logs: keyArn.optional().describe('Encrypts the logs of functions and state machine.'),
  environment: keyArn.optional().describe('Encrypts the variables of the functions.'),
  notices: keyArn.optional().describe('Encrypts the topic and the queues; else the deployment makes a key.'),
});

export const securityShape = {
  vpc: vpcSchema.optional().describe('Where extract, transform, scatter and load run; without it outside of any VPC.'),
  kms_keys: keysSchema.prefault({}).describe('Keys of yours, by what they encrypt.'),
  tags: z
    .record(z.string().min(1).max(128), z.string().max(256))
    .refine((tags) => !Object.keys(tags).some((key) => /^aws:/i.test(key)), 'cannot have a tag that begins with aws:')
    .default({})
    .describe('Tags of everything that is made, besides service and stage.'),
  permissions_boundary: z
    .string()
    .regex(/^(arn:[^:]+:iam::(\d{12}|aws):policy\/.+|[\w+=,.@-]+)$/, 'must be the name or the ARN of a managed policy')
    .optional()
    .describe('Name or ARN of the managed policy that bounds every role of the deployment.'),
};

export type DeployKeys = z.infer<typeof keysSchema>;
export type DeployVpc = z.infer<typeof vpcSchema>;
