import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { globSync } from 'tinyglobby';
import type { Config } from '../config/config.ts';
import type { PipelineSettings } from '../config/pipeline.ts';
import { traitsOf } from '../config/sources.ts';
import { isS3Path } from '../s3-path.ts';
import { NotDeployableError } from './errors.ts';
import { longStatements } from './long-statements.ts';
import {
  type BucketPlace,
  listStatements,
  lookupFilesOf,
  lookupPlacesOf,
  placesInPlace,
  placesOf,
  readStatements,
} from './source-buckets.ts';

/**
 * The sources of all pipelines as the functions reach them. Local files of the configuration are uploaded with the
 * deployment; `s3://` sources and triggers stay where they are. Gives the configuration the functions run.
 */
export class SourceFiles extends Construct {
  readonly config: Config;
  /** Where the uploaded files are; undefined when there are none. */
  readonly assetsBucket: string | undefined;
  /** What reading all sources needs, and nothing else. */
  readonly readStatements: readonly PolicyStatement[];
  /** What reading sources that are not copied needs, and files that rules look up. */
  readonly rowStatements: readonly PolicyStatement[];
  /** What listing the buckets of all sources needs. */
  readonly listStatements: readonly PolicyStatement[];

  constructor(scope: Construct, id: string, props: { readonly config: Config; readonly folder: string }) {
    super(scope, id);
    const problems: string[] = [];
    const places: BucketPlace[] = [];
    const rowPlaces: BucketPlace[] = [];
    const pipelines: Record<string, PipelineSettings> = {};
    const assets = new Map<string, Asset>();
    const inPlace = new Set<Asset>();
    for (const [name, settings] of Object.entries(props.config.pipelines)) {
      places.push(...placesOf(settings));
      rowPlaces.push(...placesInPlace(settings), ...lookupPlacesOf(settings));
      for (const { at, file } of lookupFilesOf(settings).filter((one) => !isS3Path(one.file))) {
        problems.push(
          `pipelines.${name}.business_rules[${at}].from.file: ${file} is a local file, which the functions do not have; put it into S3, or load it into a table and name that`,
        );
      }
      pipelines[name] = this.uploaded(name, settings, props.folder, { assets, inPlace }, problems);
    }
    if (problems.length > 0) throw new NotDeployableError(problems);
    const files = [...assets.values()];
    this.assetsBucket = files[0]?.s3BucketName;
    this.config = { ...props.config, pipelines };
    this.listStatements = listStatements(this, places);
    this.readStatements = [...readStatements(this, places), ...uploadStatements(files)];
    this.rowStatements = [...readStatements(this, rowPlaces), ...uploadStatements([...inPlace])];
  }

  /** A pipeline whose local files are replaced by their uploads; what is in S3 already stays. */
  private uploaded(
    name: string,
    settings: PipelineSettings,
    folder: string,
    { assets, inPlace }: { readonly assets: Map<string, Asset>; readonly inPlace: Set<Asset> },
    problems: string[],
  ): PipelineSettings {
    const { filePaths, readsExtensions, readsInPlace, withFilePaths } = traitsOf(settings);
    const paths = filePaths(settings).flatMap((one) => {
      if (isS3Path(one)) return [one];
      const files = localFiles(one, folder);
      if (files.length === 0) problems.push(`pipelines.${name}.file_path: there is no file ${one} to upload`);
      return files.map((file) => {
        if (readsExtensions(settings) && path.extname(file) === '.gz') {
          problems.push(
            `pipelines.${name}.format: is needed, because an uploaded ${path.basename(file)} keeps only its last extension`,
          );
        }
        const asset = assets.get(file) ?? new Asset(this, `File${assets.size}`, { path: file });
        assets.set(file, asset);
        if (readsInPlace(settings, file)) inPlace.add(asset);
        return `s3://{assets}/${asset.s3ObjectKey}`;
      });
    });
    return withFilePaths(settings, paths);
  }
}

function uploadStatements(files: readonly Asset[]): readonly PolicyStatement[] {
  const objects = files.map((file) => file.bucket.arnForObjects(file.s3ObjectKey));
  return longStatements('ReadUploadedSources', ['s3:GetObject'], objects);
}

function localFiles(configured: string, folder: string): readonly string[] {
  const file = path.resolve(folder, configured);
  if (existsSync(file))
    return statSync(file).isDirectory() ? globSync('*', { cwd: file, absolute: true }).sort() : [file];
  return globSync(configured, { cwd: folder, absolute: true, onlyFiles: true }).sort();
}
