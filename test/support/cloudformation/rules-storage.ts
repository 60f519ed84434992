import type { Region, Thing } from './cloud.ts';
import { demand, type ServiceRule } from './service-rule.ts';

interface ClusterProperties {
  readonly DeletionProtectionEnabled?: boolean;
  readonly MultiRegionProperties?: { readonly WitnessRegion?: string; readonly Clusters?: readonly string[] };
}

const pairOf = ({ properties }: Thing): readonly string[] =>
  (properties as ClusterProperties).MultiRegionProperties?.Clusters ?? [];

/** The other clusters of a pair, as far as they are there. */
function peersOf(thing: Thing, region: Region): readonly (Thing | undefined)[] {
  const everywhere = region.cloud.regions;
  return pairOf(thing)
    .filter((arn) => arn !== thing.attributes.ResourceArn)
    .map((arn) => everywhere.flatMap((one) => one.by('AWS::DSQL::Cluster', 'ResourceArn', arn) ?? [])[0]);
}

const ofCluster: ServiceRule = {
  check: ({ properties }, _, former) => {
    const { MultiRegionProperties: multi } = properties as ClusterProperties;
    const { MultiRegionProperties: before } = (former?.properties ?? {}) as ClusterProperties;
    demand(
      former === undefined || (multi === undefined) === (before === undefined),
      'A single-Region cluster cannot become a multi-Region cluster, nor the other way round',
    );
  },
  // Of a pair that names its members a cluster is active when each names the other (user guide, "Multi-Region clusters").
  settled: (thing, region) => {
    const own = thing.attributes.ResourceArn ?? '';
    return peersOf(thing, region).every((peer) => peer !== undefined && pairOf(peer).includes(own));
  },
  remove: ({ properties, ref }) => {
    demand(
      (properties as ClusterProperties).DeletionProtectionEnabled !== true,
      `Cluster ${ref} cannot be deleted: deletion protection is enabled`,
    );
  },
};

const ofBucket: ServiceRule = {
  remove: ({ ref }, { cloud }) => {
    demand((cloud.objects.get(ref) ?? 0) === 0, `The bucket you tried to delete is not empty (${ref})`);
  },
};

const ofBucketPolicy: ServiceRule = {
  check: ({ properties }, region) => {
    demand(
      region.find('AWS::S3::Bucket', String(properties.Bucket)) !== undefined,
      'The specified bucket does not exist',
    );
  },
};

const ofQueuePolicy: ServiceRule = {
  check: ({ properties }, region) => {
    for (const url of properties.Queues as readonly string[]) {
      demand(region.find('AWS::SQS::Queue', url) !== undefined, `The specified queue does not exist: ${url}`);
    }
  },
};

const ofQueue: ServiceRule = {
  check: ({ properties }, region) => {
    const { RedrivePolicy } = properties as { readonly RedrivePolicy?: { readonly deadLetterTargetArn: string } };
    if (RedrivePolicy === undefined) return;
    const { deadLetterTargetArn: arn } = RedrivePolicy;
    demand(
      region.by('AWS::SQS::Queue', 'Arn', arn) !== undefined,
      `Value ${arn} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist`,
    );
  },
};

export const storageRules: Readonly<Record<string, ServiceRule>> = {
  'AWS::DSQL::Cluster': ofCluster,
  'AWS::S3::Bucket': ofBucket,
  'AWS::S3::BucketPolicy': ofBucketPolicy,
  'AWS::SQS::Queue': ofQueue,
  'AWS::SQS::QueuePolicy': ofQueuePolicy,
};
