import { z } from 'zod';
import { defaultChunkRows } from '../manifest.ts';
import { alarmsSchema, successWithinHoursSchema } from './alarms.ts';
import { securityShape } from './deploy-security.ts';
import { isTimeZone } from './time-zone.ts';
import { webhookSchema } from './webhook.ts';

/** Settings that matter in AWS only: when pipelines run, who is told, and how large things are. */

/** When EventBridge Scheduler starts a pipeline. */
export const scheduleSchema = z
  .strictObject({
    rate: z
      .string()
      .regex(/^(1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))$/, 'must be like "1 hour" or "15 minutes"')
      .optional()
      .describe('At even intervals, e.g. "15 minutes".'),
    cron: z
      .string()
      .regex(
        /^\S+( \S+){5}$/,
        'must have the six fields of EventBridge: minutes hours day-of-month month day-of-week year',
      )
      .optional()
      .describe('Six fields as EventBridge has them, e.g. "0 3 * * ? *" for 3:00 every day.'),
    time_zone: z
      .string()
      .refine(isTimeZone, 'must be a name of the IANA time zone database, e.g. Asia/Tokyo')
      .default('UTC')
      .describe('Time zone of `cron`; summer time is taken into account.'),
    enabled: z.boolean().default(true).describe('false keeps the schedule, but nothing is started.'),
    success_within_hours: successWithinHoursSchema
      .optional()
      .describe(
        'NoSuccess: the pipeline has not succeeded within this time. Default: two rates, or a day and an hour, or a week.',
      ),
  })
  .refine(({ cron, rate }) => (cron === undefined) !== (rate === undefined), 'needs one of rate and cron');

/** Which objects that land in a bucket start a pipeline. */
export const triggerSchema = z.strictObject({
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of an S3 bucket')
    .describe('The bucket; its EventBridge notifications must be on.'),
  prefix: z.string().default('').describe('Only keys that begin with this.'),
  suffix: z.string().default('').describe('Only keys that end with this, e.g. ".csv".'),
  window_seconds: z.int().min(1).max(300).default(5).describe('How long events gather before a run begins with them.'),
  max_objects: z.int().min(1).max(1000).default(1000).describe('Objects that one run loads at most.'),
  max_bytes: z
    .int()
    .min(1)
    .default(1024 ** 3)
    .describe('Bytes of the objects that one run loads at most, as they lie in S3; one object may have more.'),
});

const emailsSchema = z.array(z.email()).default([]);

export const pipelineNotifySchema = z.strictObject({
  on_success: z.boolean().default(false).describe('Tell of successful runs too, not only of failures.'),
  emails: emailsSchema.describe('Addresses told of this pipeline alone, besides deploy.notify.emails.'),
  webhook: webhookSchema.optional().describe('Channel told of this pipeline alone, besides deploy.notify.webhook.'),
});

/** What a pipeline may say about its life in AWS. */
export const deployedPipelineShape = {
  schedule: scheduleSchema.optional().describe('When the pipeline runs in AWS.'),
  trigger: triggerSchema
    .optional()
    .describe('Objects that start the pipeline in AWS; a run loads all that have landed by then.'),
  notify: pipelineNotifySchema.optional().describe('Who is told about runs in AWS.'),
};

/** The names of those settings; a change to them does not change what a run does with its source. */
export const deployedPipelineKeys = ['schedule', 'trigger', 'notify'] as const;

/** Lambda's bounds: 128 to 10,240 MB, at most 900 s, 512 to 10,240 MB of /tmp. */
const memory = z.int().min(256).max(10_240);
const timeout = z.int().min(10).max(900);
const scratch = z.int().min(512).max(10_240);

function functionSchema(defaults: {
  readonly memory_mb: number;
  readonly timeout_seconds: number;
  readonly scratch_mb: number;
}) {
  return z
    .strictObject({
      memory_mb: memory.default(defaults.memory_mb),
      timeout_seconds: timeout.default(defaults.timeout_seconds),
      scratch_mb: scratch.default(defaults.scratch_mb).describe('Size of /tmp.'),
    })
    .prefault({});
}

const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a Region, e.g. us-east-1');

export const deploySchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{1,30}$/, 'must be lower case letters, digits and hyphens')
      .default('dsql-etl')
      .describe('Begins the names of the stacks.'),
    architecture: z.enum(['arm64', 'x86_64']).default('arm64').describe('Processors of the functions.'),
    extract: functionSchema({ memory_mb: 1024, timeout_seconds: 900, scratch_mb: 4096 }),
    transform: functionSchema({ memory_mb: 4096, timeout_seconds: 900, scratch_mb: 10_240 }),
    scatter: functionSchema({ memory_mb: 4096, timeout_seconds: 900, scratch_mb: 10_240 }),
    load: functionSchema({ memory_mb: 2048, timeout_seconds: 900, scratch_mb: 2048 }),
    load_connections: z.int().min(1).max(30).default(4).describe('Batches one load function has in flight.'),
    load_concurrency: z
      .int()
      .min(1)
      .max(500)
      .default(8)
      .describe('Load functions of one run at once; 40 at most where the run is not above scatter_above_mb.'),
    max_load_functions: z
      .int()
      .min(1)
      .max(1000)
      .default(20)
      .describe(
        'Load functions of all runs and services of a cluster that are connected to it at once; the others wait.',
      ),
    chunk_rows: z
      .int()
      .min(1000)
      .max(1_000_000)
      .default(defaultChunkRows)
      .describe('Rows of one unit of load and retry.'),
    scatter_above_mb: z
      .int()
      .min(0)
      .max(1_000_000_000)
      .default(2048)
      .describe(
        'A source with more MB than this is cleaned in pieces by many functions, and loaded by a distributed map, which begins slowly.',
      ),
    scatter_concurrency: z
      .int()
      .min(1)
      .max(1000)
      .default(200)
      .describe('Functions that clean pieces of one run at once; the account may allow fewer, and then they wait.'),
    run_timeout_minutes: z.int().min(20).max(1440).default(360).describe('A run that takes longer is ended.'),
    log_retention_days: z
      .union([z.literal(7), z.literal(14), z.literal(30), z.literal(90), z.literal(365)])
      .default(30),
    staging_days: z
      .int()
      .min(1)
      .max(365)
      .default(14)
      .describe('What runs leave in the staging bucket is removed then.'),
    deletion_protection: z.boolean().optional().describe('Of the cluster. Default: on in stage prod, else off.'),
    kms_key_arn: z
      .string()
      .startsWith('arn:')
      .optional()
      .describe('Key the cluster is encrypted with; else one AWS owns.'),
    isolation: z
      .enum(['none', 'pipeline'])
      .default('none')
      .describe(
        'pipeline: a service for each pipeline, whose functions, files, secrets and database role serve it alone.',
      ),
    cluster_policy: z
      .strictObject({
        Version: z.literal('2012-10-17').default('2012-10-17'),
        Statement: z
          .array(
            z.looseObject({
              Effect: z.enum(['Allow', 'Deny']),
              Principal: z.json(),
              Action: z.json(),
              Resource: z.json(),
            }),
          )
          .min(1),
      })
      .optional()
      .describe('Resource-based policy of the cluster that is made, as IAM writes policies.'),
    ...securityShape,
    alarms: alarmsSchema.describe('When alarms go off.'),
    notify: z
      .strictObject({
        emails: emailsSchema.describe('Addresses told of every failure and alarm.'),
        webhook: webhookSchema
          .optional()
          .describe('Slack or another channel that takes {"text": "…"}, told of every failed run.'),
      })
      .prefault({}),
    regions: z.tuple([region, region]).optional().describe('Two Regions for a peered pair of clusters.'),
    witness: region.optional().describe('Third Region, which keeps a log for the two.'),
    active_region: region.optional().describe('Which of `regions` runs the pipelines. Default: the first.'),
  })
  .superRefine((deploy, context) => {
    const issue = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    if ((deploy.regions === undefined) !== (deploy.witness === undefined)) {
      issue('witness', 'and regions belong together; give both or none');
    }
    if (deploy.regions !== undefined && new Set([...deploy.regions, deploy.witness]).size !== 3) {
      issue('witness', 'and the two regions must be three different Regions');
    }
    if (deploy.active_region !== undefined && deploy.regions?.includes(deploy.active_region) !== true) {
      issue('active_region', 'must be one of regions');
    }
    const connections = maxConnections(deploy);
    if (connections > newConnectionBurst) {
      issue(
        'max_load_functions',
        `× (load_connections + 1) allows ${connections} connections at once; a cluster accepts ${newConnectionBurst} new ones in a burst`,
      );
    }
  });

export type Schedule = z.infer<typeof scheduleSchema>;
export type Trigger = z.infer<typeof triggerSchema>;

/** Connections a cluster accepts in a burst, then 100 a second (user guide, "Cluster quotas"); far below its 10,000 in all. */
const newConnectionBurst = 1_000;

/** Connections all load functions together may hold: each has one for the ledger besides those of its batches. */
function maxConnections(deploy: { readonly max_load_functions: number; readonly load_connections: number }): number {
  return deploy.max_load_functions * (deploy.load_connections + 1);
}
