import { z } from 'zod';
import { systemClock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { defineStage, indexStage } from '../lib/run/define.ts';
import { bootstrapRole, revokeRole } from '../lib/run/service-role.ts';
import { respondToCloudFormation } from './runtime/cloudformation-response.ts';
import { StageInterruptedError } from './runtime/errors.ts';
import { stageShape } from './runtime/events.ts';
import { logger, withMiddleware } from './runtime/middleware.ts';
import { addDeployment } from './runtime/run-metrics.ts';
import { abortBefore, openService } from './runtime/service.ts';
import { holdStage } from './runtime/stage-context.ts';
import { requireManifest } from './runtime/stage-results.ts';

const service = openService();

const propertiesSchema = z.looseObject({ RoleArns: z.array(z.string().startsWith('arn:')) });

const eventSchema = z.union([
  z.strictObject({ action: z.enum(['define', 'index']), ...stageShape }),
  /** CloudFormation's request of a custom resource. */
  z.looseObject({
    RequestType: z.enum(['Create', 'Update', 'Delete']),
    ResponseURL: z.url(),
    StackId: z.string(),
    RequestId: z.string(),
    LogicalResourceId: z.string(),
    ResourceProperties: propertiesSchema,
    OldResourceProperties: propertiesSchema.optional(),
  }),
]);

type Request = Extract<z.infer<typeof eventSchema>, { RequestType: string }>;

/**
 * Everything that needs admin: the service's tables and its database role when the stack is deployed, a pipeline's table
 * before its rows are loaded, its indexes afterwards. The other functions connect as that role and create nothing.
 */
export const handler = withMiddleware(eventSchema, async (event, invocation) => {
  if ('RequestType' in event) return await deployed(event);
  const context = await holdStage(service, event, abortBefore(invocation, new StageInterruptedError(event.action)));
  const plan = await requireManifest(context, event.run);
  if (event.action === 'index') await indexStage(context, event.run, plan);
  else await defineStage(context, event.run, plan, role());
  return { done: event.action };
});

async function deployed(request: Request): Promise<{ readonly done: string }> {
  const where = { endpoint: service.environment.ETL_DSQL_HOSTNAME, user: service.environment.ETL_DSQL_USER };
  const retry = { clock: systemClock, random: Math.random };
  const target = { sql: service.sql, where, retry, pid: 0 };
  const wanted = request.ResourceProperties.RoleArns;
  try {
    if (request.RequestType === 'Delete') await leave(wanted);
    else {
      const former = request.OldResourceProperties?.RoleArns ?? [];
      const gone = former.filter((arn) => !wanted.includes(arn));
      await bootstrapRole(target, { role: role(), roleArns: wanted, formerArns: gone });
      addDeployment();
    }
  } catch (error) {
    logger.error('bootstrap failed', { error: error as Error });
    await respondToCloudFormation(request, { status: 'FAILED', reason: messageOf(error) });
    throw error;
  }
  await respondToCloudFormation(request, { status: 'SUCCESS', reason: `${request.RequestType} done` });
  return { done: request.RequestType };

  /** Takes the functions' access away; tables and rows stay. A cluster that is gone already does not hold the stack. */
  async function leave(arns: readonly string[]): Promise<void> {
    try {
      await revokeRole(target, { role: role(), roleArns: arns });
    } catch (error) {
      logger.warn('the access of the functions could not be revoked', { error: error as Error });
    }
  }
}

function role(): string {
  return service.environment.ETL_DSQL_ROLE ?? 'dsql_etl';
}
