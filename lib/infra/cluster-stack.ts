import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Cluster, type ClusterProps } from './cluster.ts';
import { publishCluster } from './shared-cluster.ts';

interface ClusterStackProps extends StackProps, ClusterProps {
  /** Where the stacks of services in the same Region read of it; see `publishCluster`. */
  readonly place?: string;
}

/** A cluster in a stack of its own, so that moving or removing a service does not touch it. It has no exports. */
export class ClusterStack extends Stack {
  constructor(scope: Construct, id: string, props: ClusterStackProps) {
    super(scope, id, props);
    const cluster = new Cluster(this, 'Target', props);
    if (props.place !== undefined) publishCluster(this, props.place, cluster);
    new CfnOutput(this, 'ClusterArn', { value: cluster.arn });
    new CfnOutput(this, 'ClusterEndpoint', { value: cluster.hostname });
    new CfnOutput(this, 'ClusterIdentifier', { value: cluster.identifier });
  }
}
