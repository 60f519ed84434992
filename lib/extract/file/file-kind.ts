import type { CsvSettings, Encoding, FileFormat } from '../../config/source-file.ts';
import type { CsvDialect } from '../../manifest.ts';
import { UnsupportedFileError } from './errors.ts';

/** How one file has to be read: from its name, unless the configuration says otherwise. */
export interface FileKind {
  readonly format: FileFormat;
  readonly compression: 'none' | 'gzip' | 'zstd';
  /** Undefined: by the byte order mark, else UTF-8. */
  readonly encoding: Encoding | undefined;
}

const formats: Readonly<Record<string, FileFormat>> = {
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.tab': 'tsv',
  '.json': 'json',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.parquet': 'parquet',
};
const compressions = { '.gz': 'gzip', '.zst': 'zstd' } as const;

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
  const format = settings.format ?? formats[extension];
  if (format === undefined) throw new UnsupportedFileError(shown, Object.keys(formats));
  return { format, compression: settings.compression ?? packed?.[1] ?? 'none', encoding: settings.encoding };
}

/** The dialect for DuckDB; defaults are RFC 4180's. */
export function csvDialect(format: 'csv' | 'tsv', csv: CsvSettings | undefined): CsvDialect {
  const quote = csv?.quote ?? '"';
  return {
    delimiter: csv?.delimiter ?? (format === 'tsv' ? '\t' : ','),
    quote,
    escape: csv?.escape ?? quote,
    header: csv?.header ?? true,
    ...(csv?.names === undefined ? {} : { names: csv.names }),
    ...(csv?.comment === undefined ? {} : { comment: csv.comment }),
    skip_lines: csv?.skip_lines ?? 0,
    null_strings: csv?.null_strings ?? [],
    decimal_separator: csv?.decimal_separator ?? '.',
    ...(csv?.thousands_separator === undefined ? {} : { thousands_separator: csv.thousands_separator }),
  };
}
