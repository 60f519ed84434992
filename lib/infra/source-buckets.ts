import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { PipelineSettings } from '../config/pipeline.ts';
import { traitsOf } from '../config/sources.ts';
import { isS3Path, s3Place } from '../s3-path.ts';

/** A part of someone's bucket that pipelines read. */
export interface BucketPlace {
  readonly bucket: string;
  /** A whole key; or what keys begin with, up to and with a `/`, empty for all of them, followed by `*`. */
  readonly keys: string;
}

/** Where a pipeline reads: the keys and folders of its `s3://` paths, and the folder of its trigger's keys. */
export function placesOf(settings: PipelineSettings): readonly BucketPlace[] {
  const places = traitsOf(settings)
    .filePaths(settings)
    .filter(isS3Path)
    .map((one) => {
      const { bucket, key } = s3Place(one);
      return { bucket, keys: /[*?[\]{}!(]|\/$|^$/.test(key) ? folderKeys(key) : key };
    });
  const { trigger } = settings;
  return trigger === undefined ? places : [...places, { bucket: trigger.bucket, keys: folderKeys(trigger.prefix) }];
}

/** All keys of the folder that a key or pattern lies in: a prefix without `/` at its end would be other folders' too. */
function folderKeys(key: string): string {
  const fixed = key.replace(/[*?[\]{}!(].*$/s, '');
  return `${fixed.slice(0, fixed.lastIndexOf('/') + 1)}*`;
}

/** Reading the objects of these places and listing their buckets; nothing of other buckets or prefixes. */
export function readStatements(scope: Construct, places: readonly BucketPlace[]): readonly PolicyStatement[] {
  if (places.length === 0) return [];
  const arn = (resource: string): string =>
    Stack.of(scope).formatArn({ service: 's3', region: '', account: '', resource });
  const objects = new Set(places.map(({ bucket, keys }) => arn(`${bucket}/${keys}`)));
  const buckets = new Set(places.map(({ bucket }) => arn(bucket)));
  return [
    new PolicyStatement({
      sid: 'ReadSources',
      actions: ['s3:GetObject', 's3:GetObjectVersion'],
      resources: [...objects],
    }),
    new PolicyStatement({ sid: 'ListSources', actions: ['s3:ListBucket'], resources: [...buckets] }),
  ];
}
