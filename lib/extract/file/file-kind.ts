import { compressions, type Encoding, type FileFormat, formatNames, formatSettings } from '../../config/source-file.ts';
import { UnsupportedFileError } from './errors.ts';

/** How one file has to be read: from its name, unless the configuration says otherwise. */
export interface FileKind {
  readonly format: FileFormat;
  readonly compression: 'none' | 'gzip' | 'zstd';
  /** Undefined: by the byte order mark, else UTF-8. */
  readonly encoding: Encoding | undefined;
}

const formats: ReadonlyMap<string, FileFormat> = new Map(
  formatNames.flatMap((format) => formatSettings(format).extensions.map((extension) => [extension, format] as const)),
);

/** @throws {UnsupportedFileError} when neither name nor settings tell the format */
export function fileKind(
  shown: string,
  settings: {
    readonly format?: FileFormat | undefined;
    readonly compression?: FileKind['compression'] | undefined;
    readonly encoding?: Encoding | undefined;
  },
): FileKind {
  const lower = shown.toLowerCase();
  const packed = Object.entries(compressions).find(([extension]) => lower.endsWith(extension));
  const name = packed === undefined ? lower : lower.slice(0, -packed[0].length);
  const extension = /\.[^./\\]*$/.exec(name)?.[0] ?? '';
  const format = settings.format ?? formats.get(extension);
  if (format === undefined) throw new UnsupportedFileError(shown, [...formats.keys()]);
  return { format, compression: settings.compression ?? packed?.[1] ?? 'none', encoding: settings.encoding };
}
