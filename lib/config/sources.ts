import { objectPath, type S3Place } from '../s3-path.ts';
import type { PipelineSettings } from './pipeline.ts';
import { mayBeReadAsIs } from './source-file.ts';

export type SourceType = PipelineSettings['source_type'];
export type SettingsOf<T extends SourceType> = Extract<PipelineSettings, { source_type: T }>;

/** What the rest of the program asks of a source type besides its rows; `lib/extract/sources.ts` reads those. */
export interface SourceTraits<S> {
  /** The configured paths of its files, local ones and `s3://`; none where it reads no files. */
  readonly filePaths: (settings: S) => readonly string[];
  /** The same source with other files. */
  readonly withFilePaths: (settings: S, paths: readonly string[]) => S;
  /** Whether the names of its files tell their format. */
  readonly readsExtensions: (settings: S) => boolean;
  /** Whether rows may be read from objects of such a name where they lie, and not from a copy; as far as can be told. */
  readonly readsInPlace: (settings: S, name: string) => boolean;
  /** The source that reads one object by its very key; undefined where no object can start a run. */
  readonly withObject: ((settings: S, object: S3Place) => S) | undefined;
  /** The source with further query parameters; undefined where it takes none. */
  readonly withParams: ((settings: S, params: Readonly<Record<string, string | number | boolean>>) => S) | undefined;
  /** Whether it can be reached only through `data_source.base_url`. */
  readonly needsBaseUrl: (settings: S) => boolean;
  /** Whether a run may read on from a watermark that an earlier one has kept. */
  readonly readsFromWatermark: (settings: S) => boolean;
}

const traits = {
  api: {
    filePaths: () => [],
    withFilePaths: (settings) => settings,
    readsExtensions: () => false,
    readsInPlace: () => false,
    withObject: undefined,
    withParams: (settings, params) => ({ ...settings, params: { ...settings.params, ...params } }),
    needsBaseUrl: ({ endpoint }) => !/^https?:/.test(endpoint),
    readsFromWatermark: () => true,
  },
  file: {
    filePaths: ({ file_path }) => (typeof file_path === 'string' ? [file_path] : file_path),
    withFilePaths: (settings, paths) => ({
      ...settings,
      file_path: paths.length === 1 ? (paths[0] ?? '') : [...paths],
    }),
    readsExtensions: ({ format }) => format === undefined,
    readsInPlace: (settings, name) => mayBeReadAsIs(name, settings),
    withObject: (settings, object) => ({ ...settings, file_path: objectPath(object) }),
    withParams: undefined,
    needsBaseUrl: () => false,
    readsFromWatermark: () => false,
  },
} satisfies { readonly [T in SourceType]: SourceTraits<SettingsOf<T>> };

/** The traits of a pipeline's source type. */
export function traitsOf<T extends SourceType>(settings: SettingsOf<T>): SourceTraits<SettingsOf<T>> {
  const all: { readonly [K in SourceType]: SourceTraits<SettingsOf<K>> } = traits;
  return all[settings.source_type as T];
}
