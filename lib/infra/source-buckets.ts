import { Stack } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { PipelineSettings } from '../config/pipeline.ts';
import { traitsOf } from '../config/sources.ts';
import { isS3Path, s3Place } from '../s3-path.ts';
import { longStatements } from './long-statements.ts';

/** A part of someone's bucket that pipelines read. */
export interface BucketPlace {
  readonly bucket: string;
  /** As IAM writes resources: a whole key, or what keys begin with, up to and with a `/`, empty for all, and `*`. */
  readonly keys: string;
}

/** Where a pipeline reads: the keys and folders of its `s3://` paths, and the folder of its trigger's keys. */
export function placesOf(settings: PipelineSettings): readonly BucketPlace[] {
  return namedPlaces(settings).map(({ place }) => place);
}

/** Those of `placesOf` whose objects may be read where they lie by those who need their rows. */
export function placesInPlace(settings: PipelineSettings): readonly BucketPlace[] {
  const { readsInPlace } = traitsOf(settings);
  return namedPlaces(settings).flatMap(({ name, place }) => (readsInPlace(settings, name) ? [place] : []));
}

/** Places, and what names of their objects end with as far as it is known. */
function namedPlaces(settings: PipelineSettings): readonly { readonly name: string; readonly place: BucketPlace }[] {
  const paths = traitsOf(settings).filePaths(settings).filter(isS3Path);
  const places = paths.map((name) => ({ name, place: placeOfPath(name) }));
  const { trigger } = settings;
  if (trigger === undefined) return places;
  const place = { bucket: trigger.bucket, keys: folderKeys(trigger.prefix) };
  return [...places, { name: trigger.suffix, place }];
}

/** Files of S3 that the business rules of a pipeline look up. */
export function lookupPlacesOf(settings: PipelineSettings): readonly BucketPlace[] {
  return lookupFilesOf(settings)
    .filter(({ file }) => isS3Path(file))
    .map(({ file }) => placeOfPath(file));
}

/** Files that the business rules of a pipeline look up, with the places of the rules, from 0. */
export function lookupFilesOf({
  business_rules,
}: PipelineSettings): readonly { readonly at: number; readonly file: string }[] {
  return business_rules.flatMap((rule, at) =>
    'from' in rule && 'file' in rule.from ? [{ at, file: rule.from.file }] : [],
  );
}

function placeOfPath(path: string): BucketPlace {
  const { bucket, key } = s3Place(path);
  // What a glob leaves open begins at its first character that is not taken literally.
  const fixed = key.replace(/[*?[\]{}!(].*$/s, '');
  return { bucket, keys: fixed === key && !/\/$|^$/.test(key) ? literal(key) : folderKeys(fixed) };
}

/** All keys of the folder that keys with this start lie in: a start without `/` at its end would be other folders' too. */
function folderKeys(start: string): string {
  return `${literal(start.slice(0, start.lastIndexOf('/') + 1))}*`;
}

/** A text that IAM takes as it is: `*` and `?` are wildcards of resources, and `${` begins a variable (IAM user guide). */
function literal(text: string): string {
  return text.replace(/[*?$]/g, (character) => `\${${character}}`);
}

/** Reading the objects of these places and listing their buckets; nothing of other buckets or prefixes. */
export function readStatements(scope: Construct, places: readonly BucketPlace[]): readonly PolicyStatement[] {
  const arn = (resource: string): string =>
    Stack.of(scope).formatArn({ service: 's3', region: '', account: '', resource });
  const objects = places.map(({ bucket, keys }) => arn(`${bucket}/${keys}`));
  return [
    ...longStatements('ReadSources', ['s3:GetObject', 's3:GetObjectVersion'], objects),
    ...listStatements(scope, places),
  ];
}

/** Listing the buckets of these places, in which an object that is not there is otherwise one that is forbidden. */
export function listStatements(scope: Construct, places: readonly BucketPlace[]): readonly PolicyStatement[] {
  const buckets = places.map(({ bucket }) =>
    Stack.of(scope).formatArn({ service: 's3', region: '', account: '', resource: bucket }),
  );
  return longStatements('ListSources', ['s3:ListBucket'], buckets);
}
