import { Stack } from 'aws-cdk-lib';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import type { TargetCluster } from './cluster.ts';

/** What the stacks of services need to know of a cluster in another stack. */
const told = ['hostname', 'arn', 'identifier'] as const;

/**
 * Tells of a cluster by parameters of Systems Manager, and not by exports: what another stack imports cannot be changed
 * or taken away, so that neither stack could be deployed without the other.
 *
 * @param place  begins the parameters' names, e.g. `/dsql-etl/prod/cluster`
 */
export function publishCluster(scope: Construct, place: string, cluster: TargetCluster): void {
  for (const name of told) {
    new StringParameter(scope, `Cluster-${name}`, {
      parameterName: `${place}/${name}`,
      stringValue: cluster[name],
      description: 'Of the cluster of several ETL services',
    });
  }
}

/** A cluster that another stack of the same account and Region has told of; CloudFormation reads it at each deployment. */
export function publishedCluster(scope: Construct, place: string): TargetCluster {
  const read = (name: (typeof told)[number]): string =>
    StringParameter.valueForStringParameter(scope, `${place}/${name}`);
  return {
    hostname: read('hostname'),
    arn: read('arn'),
    identifier: read('identifier'),
    region: Stack.of(scope).region,
  };
}
