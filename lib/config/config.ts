import { z } from 'zod';
import { checkPipelineColumns } from './check-columns.ts';
import { checkPipelineNames } from './check-names.ts';
import { checkStarts } from './check-starts.ts';
import { dataSourceSchema } from './data-source.ts';
import { deploySchema } from './deploy.ts';
import { loadModeTraits, modesWhich } from './load-mode.ts';
import { pipelineSchema } from './pipeline.ts';
import { issueAdder } from './sources/add-issue.ts';
import { checkSecretNames } from './sources/check-secrets.ts';
import { checkSharedHeaders } from './sources/check-templates.ts';
import { traitsOf } from './sources.ts';
import { stagesSchema } from './stages.ts';

export const auroraDsqlSchema = z.strictObject({
  hostname: z
    .string()
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i, 'must be a host name without scheme, port or path')
    .optional()
    .describe('Endpoint of the cluster. Without it the target is the local DSQL.'),
  region: z.string().min(1).optional().describe('AWS Region of the cluster; read from the hostname when left out.'),
  user: z.string().min(1).default('admin').describe('Database role; `admin` needs dsql:DbConnectAdmin.'),
  database: z.literal('postgres').default('postgres').describe('DSQL has this one database.'),
  max_connections: z.int().min(1).max(30).default(10).describe('Connections a run opens at most.'),
});

/** The whole configuration; the one definition from which types and the editors' JSON Schema derive. */
export const configSchema = z
  .strictObject({
    $schema: z.string().optional().describe('Where editors find the JSON Schema of this file.'),
    aurora_dsql: auroraDsqlSchema.prefault({}).describe('The cluster to load into.'),
    data_source: dataSourceSchema.prefault({}).describe('What all API pipelines have in common.'),
    deploy: deploySchema.prefault({}).describe('The service in AWS.'),
    pipelines: z.record(z.string().min(1).max(100), pipelineSchema).describe('Pipelines by name.'),
    stages: stagesSchema.optional(),
  })
  .superRefine((config, context) => {
    checkDeploy(config, context);
    checkSecretNames(config, issueAdder(context));
    checkSharedHeaders(config.data_source.headers, ['data_source'], issueAdder(context));
    if (Object.keys(config.pipelines).length === 0) {
      context.addIssue({ code: 'custom', path: ['pipelines'], message: 'has no pipeline; add at least one' });
    }
    for (const [name, pipeline] of Object.entries(config.pipelines)) {
      checkPipelineNames(name, pipeline, context);
      checkPipelineColumns(name, pipeline, context);
      checkStarts(name, pipeline, context);
      if (loadModeTraits[pipeline.load_mode].needsKeys && pipeline.key_columns.length === 0) {
        context.addIssue({
          code: 'custom',
          path: ['pipelines', name, 'key_columns'],
          message: `${pipeline.load_mode} needs key_columns that identify a row, e.g. key_columns: [id]`,
        });
      }
      if (pipeline.latest_by !== undefined && !loadModeTraits[pipeline.load_mode].ordersByLatest) {
        context.addIssue({
          code: 'custom',
          path: ['pipelines', name, 'latest_by'],
          message: `is for load_mode ${modesWhich('ordersByLatest')} only`,
        });
      }
      if (pipeline.trigger !== undefined && traitsOf(pipeline).withObject === undefined) {
        context.addIssue({
          code: 'custom',
          path: ['pipelines', name, 'trigger'],
          message: 'is for source_type file only: the object that lands is what is loaded',
        });
      }
      if (config.data_source.base_url === undefined && traitsOf(pipeline).needsBaseUrl(pipeline)) {
        context.addIssue({
          code: 'custom',
          path: ['data_source', 'base_url'],
          message: `is needed by pipeline "${name}", whose endpoint is a path`,
        });
      }
    }
  });

type Deploy = z.infer<typeof deploySchema>;
/** A configuration of one stage: what `stages` says of it is merged, and what it says of others is gone. */
export type Config = Omit<z.infer<typeof configSchema>, 'stages'>;
export type AuroraDsql = z.infer<typeof auroraDsqlSchema>;

/** Settings of `deploy` that depend on the rest. */
function checkDeploy(
  { aurora_dsql, deploy }: { readonly aurora_dsql: AuroraDsql; readonly deploy: Deploy },
  context: z.core.$RefinementCtx,
): void {
  if (deploy.cluster_policy !== undefined && aurora_dsql.hostname !== undefined) {
    context.addIssue({
      code: 'custom',
      path: ['deploy', 'cluster_policy'],
      message: 'is for a cluster that the deployment makes; the one of aurora_dsql.hostname keeps its own',
    });
  }
}
