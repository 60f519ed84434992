import { z } from 'zod';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { TargetAccessDeniedError, TargetUnavailableError } from '../../lib/dsql/errors.ts';
import type { Target } from '../../lib/dsql/target.ts';
import { messageOf } from '../../lib/errors.ts';
import { bootstrapRole, revokeRole } from '../../lib/run/service-role.ts';
import { respondToCloudFormation } from './cloudformation-response.ts';
import { logger } from './middleware.ts';
import { addDeployment } from './run-metrics.ts';
import type { Service } from './service.ts';
import { whileTime } from './time-limit.ts';

/** The custom resource's properties; a release before this one gave neither hostname nor code. */
const propertiesSchema = z.looseObject({
  RoleArns: z.array(z.string().startsWith('arn:')),
  /** The database role. */
  Role: z.string().min(1).optional(),
  /** ARN. */
  Cluster: z.string().startsWith('arn:').optional(),
  Hostname: z.string().min(1).optional(),
});

/** CloudFormation's request of a custom resource. */
export const deployRequestSchema = z.looseObject({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  ResponseURL: z.url(),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
  ResourceProperties: propertiesSchema,
  OldResourceProperties: propertiesSchema.optional(),
});

type DeployRequest = z.infer<typeof deployRequestSchema>;
type Properties = z.infer<typeof propertiesSchema>;

/** What answering needs of a function. */
export type DeployService = Pick<Service, 'sql' | 'connectTo'> & {
  readonly environment: Pick<
    Service['environment'],
    'ETL_DSQL_HOSTNAME' | 'ETL_DSQL_REGION' | 'ETL_DSQL_USER' | 'ETL_DSQL_ROLE'
  >;
};

/** IAM roles that may connect to a cluster as a database role. */
interface Mapping {
  readonly hostname: string;
  readonly region: string;
  readonly role: string;
  readonly roleArns: readonly string[];
}

/**
 * Does what CloudFormation asks for, and tells it how that ended; a failure is an answer and no error, because Lambda would
 * repeat the call of which CloudFormation has the answer already. Killed midway: CloudFormation waits for the resource's
 * ServiceTimeout; what was done stays.
 *
 * @throws {ResponseNotDeliveredError} transient
 */
export async function answerDeployment(
  service: DeployService,
  request: DeployRequest,
  signal: AbortSignal,
): Promise<{ readonly done: string }> {
  const wanted = mappingOf(service, request.ResourceProperties);
  try {
    await whileTime(signal, deploy(service, request, wanted, signal));
  } catch (error) {
    logger.error('bootstrap failed', { error: error as Error });
    await respondToCloudFormation(request, { status: 'FAILED', reason: messageOf(error) });
    return { done: 'FAILED' };
  }
  await respondToCloudFormation(request, { status: 'SUCCESS', reason: `${request.RequestType} done` });
  return { done: request.RequestType };
}

async function deploy(
  service: DeployService,
  request: DeployRequest,
  wanted: Mapping,
  signal: AbortSignal,
): Promise<void> {
  if (request.RequestType === 'Delete') return await leave(service, wanted, signal);
  await untilPropagated(systemClock, signal, () => bootstrapRole(targetOf(service, wanted, signal), wanted));
  addDeployment();
  const former = request.OldResourceProperties;
  if (former !== undefined) await leave(service, gone(mappingOf(service, former), wanted), signal);
}

/** A new role's rights and a new cluster's name are known everywhere after a minute or two (IAM user guide, "Troubleshooting"). */
const propagationMs = 180_000;
const propagationWaitMs = 5_000;

/**
 * Repeats work while the cluster cannot be reached or refuses access, because a deployment has just made both; three
 * minutes at most.
 *
 * @throws what the work threw last
 */
export async function untilPropagated<T>(clock: Clock, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const begun = clock.now().getTime();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const early = error instanceof TargetAccessDeniedError || error instanceof TargetUnavailableError;
      if (!early || clock.now().getTime() - begun > propagationMs) throw error;
      logger.warn('The cluster is not ready for the bootstrap yet', { error });
      await clock.sleep(propagationWaitMs, signal);
    }
  }
}

/** Takes access away; tables and rows stay. A cluster that is gone, or closed to this function by now, does not hold the stack. */
async function leave(service: DeployService, mapping: Mapping, signal: AbortSignal): Promise<void> {
  if (mapping.roleArns.length === 0) return;
  try {
    const target = targetOf(service, mapping, signal);
    await revokeRole(target, mapping);
    if (target.sql !== service.sql) await target.sql.end({ timeout: 1 });
  } catch (error) {
    logger.warn(`The access of ${mapping.role} at ${mapping.hostname} could not be revoked`, { error: error as Error });
  }
}

/** What of a former mapping is wanted no more. */
function gone(former: Mapping, wanted: Mapping): Mapping {
  const same = former.hostname === wanted.hostname && former.role === wanted.role;
  return same ? { ...former, roleArns: former.roleArns.filter((arn) => !wanted.roleArns.includes(arn)) } : former;
}

function mappingOf({ environment }: DeployService, properties: Properties): Mapping {
  const { ETL_DSQL_HOSTNAME: here, ETL_DSQL_REGION: region, ETL_DSQL_ROLE: role } = environment;
  const [, , , clusterRegion, , resource] = properties.Cluster?.split(':') ?? [];
  // A release before this one gave the ARN alone; the endpoint of a cluster has its identifier and Region.
  const identifier = resource?.replace(/^cluster\//, '');
  const named =
    identifier === undefined || here.startsWith(`${identifier}.`) ? here : `${identifier}.dsql.${clusterRegion}.on.aws`;
  return {
    hostname: properties.Hostname ?? named,
    region: clusterRegion ?? region,
    role: properties.Role ?? role ?? 'dsql_etl',
    roleArns: properties.RoleArns,
  };
}

/** The cluster of a mapping; another one than the function's own gets connections of its own. */
function targetOf(
  { connectTo, environment, sql }: DeployService,
  { hostname, region }: Mapping,
  signal: AbortSignal,
): Target {
  return {
    sql: hostname === environment.ETL_DSQL_HOSTNAME ? sql : connectTo({ hostname, region }),
    where: { endpoint: hostname, user: environment.ETL_DSQL_USER },
    retry: { clock: systemClock, random: Math.random, signal },
    pid: 0,
  };
}
