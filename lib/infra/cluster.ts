import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnCluster } from 'aws-cdk-lib/aws-dsql';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import type { DeployStage } from './deploy-stage.ts';
import { NotDeployableError } from './errors.ts';

export interface TargetCluster {
  readonly hostname: string;
  readonly region: string;
  readonly arn: string;
  /** What CloudWatch calls it. */
  readonly identifier: string;
}

export interface ClusterProps {
  readonly stage: DeployStage;
  readonly name: string;
  readonly deletionProtection: boolean | undefined;
  readonly kmsKeyArn: string | undefined;
  /** A resource-based policy: who may connect besides what IAM says, and who may not. */
  readonly policy: Config['deploy']['cluster_policy'];
  /** Of a peered pair: the third Region, and the ARNs of both clusters once they are known. */
  readonly witness?: string;
  readonly clusters?: readonly string[];
}

/** An Aurora DSQL cluster of the service's own, protected from deletion in production. */
export class Cluster extends Construct implements TargetCluster {
  readonly hostname: string;
  readonly region: string;
  readonly arn: string;
  readonly identifier: string;

  constructor(scope: Construct, id: string, props: ClusterProps) {
    super(scope, id);
    const protectedFromDeletion = props.deletionProtection ?? props.stage.production;
    const cluster = new CfnCluster(this, 'Cluster', {
      deletionProtectionEnabled: protectedFromDeletion,
      ...(props.policy === undefined ? {} : { policyDocument: JSON.stringify(props.policy) }),
      ...(props.kmsKeyArn === undefined ? {} : { kmsEncryptionKey: props.kmsKeyArn }),
      ...(props.witness === undefined
        ? {}
        : {
            multiRegionProperties: {
              witnessRegion: props.witness,
              ...(props.clusters === undefined ? {} : { clusters: [...props.clusters] }),
            },
          }),
      tags: [{ key: 'Name', value: `${props.name}-${props.stage.name}` }],
    });
    // A protected cluster cannot be deleted by a deployment that fails either, whose rollback would stop at it.
    cluster.applyRemovalPolicy(protectedFromDeletion ? RemovalPolicy.RETAIN : props.stage.removalPolicy);
    this.hostname = cluster.attrEndpoint;
    this.region = Stack.of(this).region;
    this.arn = cluster.attrResourceArn;
    this.identifier = cluster.attrIdentifier;
  }
}

/**
 * The cluster that `aurora_dsql.hostname` names, which exists already and is not the stack's to change.
 *
 * @throws {NotDeployableError} when the host name is not a cluster's
 */
export function importCluster(
  scope: Construct,
  settings: Config['aurora_dsql'] & { readonly hostname: string },
): TargetCluster {
  const [, identifier, region] = /^([a-z0-9]{26})\.dsql[^.]*\.([^.]+)\.on\.aws$/.exec(settings.hostname) ?? [];
  if (identifier === undefined || region === undefined) {
    throw new NotDeployableError([
      `aurora_dsql.hostname: ${settings.hostname} is not a cluster's endpoint (<id>.dsql.<region>.on.aws); leave it out to create a cluster`,
    ]);
  }
  const arn = Stack.of(scope).formatArn({ service: 'dsql', region, resource: 'cluster', resourceName: identifier });
  return { hostname: settings.hostname, region, arn, identifier };
}

/** The right to connect to a cluster, as admin or as the roles mapped in the database. */
export function connectStatement(cluster: TargetCluster, admin: boolean): PolicyStatement {
  return new PolicyStatement({
    sid: 'Connect',
    actions: [admin ? 'dsql:DbConnectAdmin' : 'dsql:DbConnect'],
    resources: [cluster.arn],
  });
}
