import type { RawManifest } from '../manifest.ts';
import { assertUnchanged, pinnedAgain } from './file/fingerprint.ts';
import { readManifest } from './raw-objects.ts';
import type { ExtractRequest, FilesToCopy, FingerprintRequest, SourceFingerprint } from './request.ts';
import { sourceOf } from './sources.ts';

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
    const parts = [...pinnedAgain(finished.parts, finished.source_fingerprint, request.fingerprint)];
    for (const part of parts.filter((one) => one.local)) await assertUnchanged({ ...part, shown: part.source });
    return { ...finished, parts };
  }
  const { settings } = request.pipeline;
  return await sourceOf(settings).extract(request, settings);
}

/**
 * Copies files that `extract` gave to others, one after another, until all are done or the deadline comes.
 *
 * @param request  that of the extraction
 * @returns how many are done, with those of the calls before; more than before
 * @throws  what `extract` throws of a file
 * Killed midway: what was copied is not copied again, and the rest is, with the same result.
 */
export async function copyGiven(request: ExtractRequest, batch: FilesToCopy): Promise<number> {
  const { settings } = request.pipeline;
  const { copy } = sourceOf(settings);
  if (copy === undefined) throw new Error(`Sources of type ${settings.source_type} give no files to others.`);
  return await copy(request, settings, batch);
}

/**
 * Which content a source has now, before anything is read into rows; undefined where that is not known before, as for
 * APIs.
 *
 * @throws {SourceFileNotFoundError} and the other errors of `file/errors.ts`
 */
export async function fingerprintSource(request: FingerprintRequest): Promise<SourceFingerprint | undefined> {
  const { settings } = request.pipeline;
  return await sourceOf(settings).fingerprint?.(settings, request);
}
