import { RegionUnknownError } from '../../aws/errors.ts';
import { type CallService, callerOf } from '../../aws/signed-json.ts';
import { type Execution, openStateMachine, type StateMachineClient } from '../../aws/step-functions.ts';
import type { Config } from '../../config/config.ts';
import { readEnvironment } from '../../config/environment.ts';
import { UnknownPipelineError } from '../../config/errors.ts';
import { serviceNameOf } from '../../config/service-name.ts';
import { defaultStage } from '../../config/stages.ts';
import { regionOfHostname } from '../../dsql/endpoint.ts';
import { nearest } from '../../nearest.ts';
import { requireConfig } from '../local/state-folder.ts';
import type { AwsOptions } from './options.ts';

/** The deployed service of a pipeline. */
export interface DeployedService {
  readonly name: string;
  readonly region: string;
  readonly machine: StateMachineClient;
  /** Calls CloudWatch Logs. */
  readonly logs: CallService;
}

/**
 * Finds the service by the names that the deployment gives: the state machine is `<deploy.name>-<stage>`.
 *
 * @throws {UnknownPipelineError} {RegionUnknownError} {ServiceNotDeployedError}
 */
export async function openService(pipeline: string, options: AwsOptions): Promise<DeployedService> {
  const stage = options.stage ?? defaultStage;
  const { config } = requireConfig(options.config, stage);
  const known = Object.keys(config.pipelines);
  if (!known.includes(pipeline)) throw new UnknownPipelineError(pipeline, known, nearest(pipeline, known));
  const { variable } = readEnvironment();
  const region = options.region ?? regionOf(config) ?? variable('AWS_REGION') ?? variable('AWS_DEFAULT_REGION');
  if (region === undefined) throw new RegionUnknownError();
  const general = variable('AWS_ENDPOINT_URL');
  const states = callerOf({
    name: 'states',
    target: 'AWSStepFunctions',
    version: '1.0',
    region,
    endpoint: variable('AWS_ENDPOINT_URL_SFN') ?? general,
  });
  const logs = callerOf({
    name: 'logs',
    target: 'Logs_20140328',
    version: '1.1',
    region,
    endpoint: variable('AWS_ENDPOINT_URL_CLOUDWATCH_LOGS') ?? general,
  });
  const name = serviceNameOf(config, stage, pipeline);
  return { name, region, machine: await openStateMachine(states, name, region), logs };
}

/** Where the configuration says that the service runs. */
function regionOf({ aurora_dsql: { hostname, region }, deploy }: Config): string | undefined {
  const active = deploy.active_region ?? deploy.regions?.[0];
  return active ?? region ?? (hostname === undefined ? undefined : regionOfHostname(hostname));
}

/** The pipeline that an execution was started for; undefined where its input names none. */
export function pipelineOf({ input }: Pick<Execution, 'input'>): string | undefined {
  const parsed = parsedObject(input);
  return typeof parsed?.pipeline === 'string' ? parsed.pipeline : undefined;
}

/** The last executions of a pipeline, newest first; those of other pipelines of the service are passed over. */
export async function executionsOf(
  { machine }: DeployedService,
  pipeline: string,
  limit: number,
): Promise<readonly Execution[]> {
  const found: Execution[] = [];
  for await (const execution of machine.list()) {
    if (pipelineOf(execution) === pipeline) found.push(execution);
    if (found.length >= limit) break;
  }
  return found;
}

/** A JSON object; undefined for anything else. */
export function parsedObject(text: string | null | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
