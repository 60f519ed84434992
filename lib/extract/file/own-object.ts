import picomatch from 'picomatch';
import type { PipelineSettings } from '../../config/pipeline.ts';
import { traitsOf } from '../../config/sources.ts';
import { isS3Path, type S3Place, s3Place } from '../../s3-path.ts';

/**
 * Why an object that landed is none that the pipeline loads; undefined where it is one. Folder markers hold nothing, an
 * object elsewhere is another pipeline's, and names that writers use while they write, or to say that they are done, are
 * no rows unless the trigger's suffix asks for them.
 */
export function whyNotLoaded(settings: PipelineSettings, object: S3Place): string | undefined {
  const { key } = object;
  if (key === '' || key.endsWith('/')) return 'it is the marker of a folder and holds nothing';
  const { trigger } = settings;
  const triggered =
    trigger !== undefined &&
    object.bucket === trigger.bucket &&
    key.startsWith(trigger.prefix) &&
    key.endsWith(trigger.suffix);
  const meant = traitsOf(settings)
    .filePaths(settings)
    .some((path) => isS3Path(path) && means(path, object));
  if (!triggered && !meant) return 'it does not lie where the trigger or file_path of the pipeline says';
  const asked = triggered && trigger.suffix !== '';
  const name = key.slice(key.lastIndexOf('/') + 1);
  return asked || !/^[_.]|\.tmp$/.test(name)
    ? undefined
    : 'its name begins with "_" or "." or ends in ".tmp", as files do that are not for readers';
}

/** Whether a configured path means the object: by its key, as a prefix that ends in a slash, or as a glob. */
function means(path: string, object: S3Place): boolean {
  const { bucket, key } = s3Place(path);
  if (bucket !== object.bucket) return false;
  if (key === object.key) return true;
  if (key === '' || key.endsWith('/')) return object.key.startsWith(key);
  return picomatch.scan(key).isGlob && picomatch(key)(object.key);
}
