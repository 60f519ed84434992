import type { RawManifest } from '../manifest.ts';
import { extractApi } from './api/extract-api.ts';
import { extractFiles } from './file/extract-files.ts';
import { assertUnchanged, fingerprintFiles } from './file/fingerprint.ts';
import { readManifest } from './raw-objects.ts';
import type { ExtractRequest, FingerprintRequest, SourceFingerprint } from './request.ts';

/**
 * Reads a pipeline's source and makes its rows durable as parts of the store, or refers to files that can be read as
 * they are. Call it again with the same request while the manifest says `complete: false`; a call after the end returns
 * the same manifest.
 *
 * @throws  errors of `errors.ts`, `api/errors.ts` and `file/errors.ts`; transient ones may be tried again
 * Killed midway: parts and cursor agree; the next call begins behind the last durable part, every row once.
 */
export async function extract(request: ExtractRequest): Promise<RawManifest> {
  const finished = await readManifest(request.store, request.prefix);
  if (finished?.complete === true) {
    for (const part of finished.parts.filter((one) => one.local)) {
      await assertUnchanged({ ...part, shown: part.source });
    }
    return finished;
  }
  const { settings } = request.pipeline;
  return settings.source_type === 'api' ? await extractApi(request, settings) : await extractFiles(request, settings);
}

/**
 * Which content a file source has now, before anything is read into rows; undefined for APIs, whose content is not
 * known before it is asked for.
 *
 * @throws {SourceFileNotFoundError} and the other errors of `file/errors.ts`
 */
export async function fingerprintSource(request: FingerprintRequest): Promise<SourceFingerprint | undefined> {
  const { settings } = request.pipeline;
  return settings.source_type === 'api' ? undefined : await fingerprintFiles(settings, request);
}
