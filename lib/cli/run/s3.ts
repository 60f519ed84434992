import type { LoadedConfig } from '../../config/read-config.ts';
import { traitsOf } from '../../config/sources.ts';
import { ownValue } from '../../own-value.ts';
import { isS3Path } from '../../s3-path.ts';
import type { S3Reader } from '../../s3-reader.ts';

/** A client for `s3://` sources with the default credentials, where one of the pipelines has such a source. */
export async function s3For({ config }: LoadedConfig, names: readonly string[]): Promise<S3Reader | undefined> {
  const needed = names.some((name) => {
    const settings = ownValue(config.pipelines, name);
    return settings !== undefined && traitsOf(settings).filePaths(settings).some(isS3Path);
  });
  if (!needed) return undefined;
  const { clientOptions } = await import('../../aws/client-options.ts');
  const { S3 } = await import('@aws-sdk/client-s3');
  const { region } = config.aurora_dsql;
  return new S3({ ...clientOptions(), ...(region === undefined ? {} : { region, followRegionRedirects: true }) });
}
