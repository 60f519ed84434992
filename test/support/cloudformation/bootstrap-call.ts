import {
  answerDeployment,
  type DeployService,
  deployRequestSchema,
} from '../../../functions/runtime/deploy-request.ts';
import { askCustomResource } from '../aws/custom-resource.ts';
import type { LocalTarget } from '../local-target.ts';
import { mayDo } from './access.ts';
import type { CallCustom, CustomRequest, CustomResponse, Region, Thing } from './cloud.ts';

/** A request of the bootstrap and what became of it. */
export interface BootstrapCall extends CustomRequest {
  readonly answer: CustomResponse | undefined;
  /** Whether the function could connect as admin, when it was called, to the clusters named now and before. */
  readonly admin: { readonly now: boolean; readonly before?: boolean };
}

export interface Bootstrap {
  readonly call: CallCustom;
  readonly calls: BootstrapCall[];
}

/** Invokes the function as it is deployed, with an event. */
export type InvokeFunction = (fn: Thing, event: unknown, region: Region) => Promise<unknown>;

/**
 * Calls the bootstrap function as CloudFormation does, if IAM would let it do its work by now: a function that may not
 * connect as admin fails, after it has waited for propagation in vain.
 */
export function bootstrapCalls(invoke: InvokeFunction): Bootstrap {
  const calls: BootstrapCall[] = [];
  return {
    calls,
    call: async (fn, request, region) => {
      const may = (cluster: unknown): boolean =>
        mayDo(region, fn.properties.Role, 'dsql:DbConnectAdmin', String(cluster));
      const former = request.OldResourceProperties?.Cluster;
      const admin = {
        now: may(request.ResourceProperties.Cluster),
        ...(former === undefined ? {} : { before: may(former) }),
      };
      const answer = admin.now
        ? ((await askCustomResource(async (event) => await invoke(fn, event, region), request)).answers[0] as unknown as
            | CustomResponse
            | undefined)
        : { Status: 'FAILED', Reason: 'The cluster refused access', PhysicalResourceId: 'dsql-etl-bootstrap' };
      calls.push({ ...request, answer, admin });
      return answer;
    },
  };
}

/** The handler's own code in this process, with the environment that the template gives it, against local clusters. */
export function bootstrapHere(clusterAt: (hostname: string) => LocalTarget): InvokeFunction {
  return async (fn, event) => {
    const { Variables } = fn.properties.Environment as { readonly Variables: Readonly<Record<string, string>> };
    const variable = (name: string): string => Variables[name] ?? '';
    const hostname = variable('ETL_DSQL_HOSTNAME');
    const service: DeployService = {
      environment: {
        ETL_DSQL_HOSTNAME: hostname,
        ETL_DSQL_REGION: variable('ETL_DSQL_REGION'),
        ETL_DSQL_USER: variable('ETL_DSQL_USER'),
        ETL_DSQL_ROLE: variable('ETL_DSQL_ROLE'),
      },
      sql: clusterAt(hostname).sql,
      connectTo: (other) => clusterAt(other.hostname).connect(1),
    };
    return await answerDeployment(service, deployRequestSchema.parse(event), new AbortController().signal);
  };
}
