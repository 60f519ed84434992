import type { SettingsOf, SourceType } from '../config/sources.ts';
import type { RawManifest } from '../manifest.ts';
import { copyFiles } from './file/copy-to-part.ts';
import { extractFiles } from './file/extract-files.ts';
import { fingerprintFiles } from './file/fingerprint.ts';
import type { ExtractRequest, FilesToCopy, FingerprintRequest, SourceFingerprint } from './request.ts';

/** How the rows of one source type are read. */
export interface Source<S> {
  /** Reads on from where the last call of the same run stopped; see `extract`. */
  readonly extract: (request: ExtractRequest, settings: S) => Promise<RawManifest>;
  /** Which content the source has before anything is read; undefined where that is not known before. */
  readonly fingerprint: ((settings: S, request: FingerprintRequest) => Promise<SourceFingerprint>) | undefined;
  /** Copies files that an extraction has given away; undefined where it gives none. */
  readonly copy: ((request: ExtractRequest, settings: S, batch: FilesToCopy) => Promise<number>) | undefined;
}

const sources = {
  api: {
    // HTTP and what goes with it take a run of a file longer to load than its rows.
    extract: async (request, settings) => await (await import('./api/extract-api.ts')).extractApi(request, settings),
    fingerprint: undefined,
    copy: undefined,
  },
  file: { extract: extractFiles, fingerprint: fingerprintFiles, copy: copyFiles },
} satisfies { readonly [T in SourceType]: Source<SettingsOf<T>> };

/** The reader of a pipeline's source type. */
export function sourceOf<T extends SourceType>(settings: SettingsOf<T>): Source<SettingsOf<T>> {
  const all: { readonly [K in SourceType]: Source<SettingsOf<K>> } = sources;
  return all[settings.source_type as T];
}
