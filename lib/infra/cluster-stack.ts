import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Cluster, type ClusterProps } from './cluster.ts';

/** One cluster of a multi-Region pair, in a stack of its own, so that moving the service does not delete it. */
export class ClusterStack extends Stack {
  readonly cluster: Cluster;

  constructor(scope: Construct, id: string, props: StackProps & ClusterProps) {
    super(scope, id, props);
    this.cluster = new Cluster(this, 'Target', props);
    new CfnOutput(this, 'ClusterArn', { value: this.cluster.arn });
    new CfnOutput(this, 'ClusterEndpoint', { value: this.cluster.hostname });
    new CfnOutput(this, 'ClusterIdentifier', { value: this.cluster.identifier });
  }
}
