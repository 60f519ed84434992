import { CustomResource, Duration, Token } from 'aws-cdk-lib';
import { Policy } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { connectStatement, type TargetCluster } from './cluster.ts';
import { type FunctionName, functionNames } from './function-names.ts';
import { bootstrapSeconds } from './machine-task.ts';
import type { StageFunction } from './stage-function.ts';

export interface BootstrapProps {
  readonly cluster: TargetCluster;
  readonly functions: Readonly<Record<FunctionName, StageFunction>>;
  /** The database role that loads. */
  readonly role: string;
}

/**
 * Tables, the database role and who may connect as it, made by the bootstrap function as admin before anything can start
 * a run, and whenever functions, roles or cluster have changed.
 */
export function bootstrapResource(scope: Construct, { cluster, functions, role }: BootstrapProps): CustomResource {
  const { bootstrap } = functions;
  // Named by the cluster, so that the policy for the former one is there until its mappings are gone: CloudFormation
  // removes what a template no longer has at the end of an update.
  const place = Token.isUnresolved(cluster.identifier) ? 'Own' : cluster.identifier;
  const admin = new Policy(new Construct(scope, 'BootstrapAdmin'), place, {
    statements: [connectStatement(cluster, true)],
    roles: [bootstrap.role],
  });
  const resource = new CustomResource(scope, 'Bootstrap', {
    resourceType: 'Custom::EtlBootstrap',
    serviceToken: bootstrap.function.functionArn,
    // CloudFormation would wait for an hour if the function ended without a response.
    serviceTimeout: Duration.seconds(bootstrapSeconds + 60),
    properties: {
      RoleArns: functionNames.filter((name) => name !== 'bootstrap').map((name) => functions[name].role.roleArn),
      Cluster: cluster.arn,
      Hostname: cluster.hostname,
      Role: role,
      // CloudFormation asks again only when a property differs. A version is code, variables and configuration.
      Code: bootstrap.version.functionArn,
    },
  });
  resource.node.addDependency(bootstrap.role, admin);
  return resource;
}
