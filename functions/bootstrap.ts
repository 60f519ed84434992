import { z } from 'zod';
import { defineStage, indexStage } from '../lib/run/define.ts';
import { answerDeployment, deployRequestSchema } from './runtime/deploy-request.ts';
import { StageInterruptedError } from './runtime/errors.ts';
import { stageShape } from './runtime/events.ts';
import { withMiddleware } from './runtime/middleware.ts';
import { abortBefore, openService } from './runtime/service.ts';
import { holdStage } from './runtime/stage-context.ts';
import { requireManifest } from './runtime/stage-results.ts';

const service = openService();

const eventSchema = z.union([
  z.strictObject({ action: z.enum(['define', 'index']), ...stageShape }),
  deployRequestSchema,
]);

/**
 * Everything that needs admin: the service's tables and its database role when the stack is deployed, a pipeline's table
 * before its rows are loaded, its indexes afterwards. The other functions connect as that role and create nothing.
 */
export const handler = withMiddleware(eventSchema, async (event, invocation, signal) => {
  if ('RequestType' in event) return await answerDeployment(service, event, signal);
  const context = await holdStage(
    service,
    'load',
    event,
    abortBefore(invocation, new StageInterruptedError(event.action)),
  );
  const plan = await requireManifest(context, event.run);
  if (event.action === 'index') await indexStage(context, event.run, plan);
  else await defineStage(context, event.run, plan, service.environment.ETL_DSQL_ROLE ?? 'dsql_etl');
  return { done: event.action };
});
