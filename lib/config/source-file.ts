import { z } from 'zod';
import { jsonPathSchema, recordNameColumnSchema } from './source-json-path.ts';

/** How the bytes of a file become rows. */

const oneCharacter = z.string().length(1, 'must be a single character');

export const csvSettingsSchema = z
  .strictObject({
    delimiter: oneCharacter.optional().describe('Between two fields. Default: a comma, in .tsv files a tab.'),
    quote: z
      .string()
      .max(1, 'must be a single character, or empty where fields are never quoted')
      .default('"')
      .describe('Around a field that holds delimiters, quotes or line breaks.'),
    escape: z
      .string()
      .max(1, 'must be a single character')
      .optional()
      .describe('Before a quote inside a quoted field. Default: the quote itself.'),
    header: z.boolean().default(true).describe('The first line holds the names of the columns.'),
    names: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Names of the columns, for files without a header line.'),
    comment: oneCharacter.optional().describe('Lines that begin with this are passed over.'),
    skip_lines: z
      .int()
      .min(0)
      .max(10_000)
      .default(0)
      .describe('Lines before the header, or the first row, to pass over.'),
    skip_initial_space: z
      .boolean()
      .default(false)
      .describe('Blanks at the start of a field, behind the delimiter, are passed over: `"a", "b"` are a and b.'),
    null_strings: z
      .array(z.string())
      .default([])
      .describe('Unquoted texts that mean "no value" besides the empty field, e.g. ["NULL", "\\\\N", "-"].'),
    decimal_separator: z.enum(['.', ',']).default('.').describe('Between whole part and fraction of a number.'),
    thousands_separator: z
      .enum([',', '.', ' ', "'", '_', '\u00a0', '\u202f'])
      .optional()
      .describe('Between groups of three digits of a number; without it such numbers are text.'),
  })
  .describe('The dialect of CSV and TSV files; nothing is guessed.');

export const encodings = [
  'utf-8',
  'utf-16le',
  'utf-16be',
  'iso-8859-1',
  'windows-1252',
  'shift_jis',
  'euc-jp',
] as const;

/** What a file format means to the settings. */
export interface FileFormatSettings {
  /** Extensions of its files, in small letters. */
  readonly extensions: readonly string[];
  /** Which of the settings below mean something to it. */
  readonly takes: readonly ('csv' | 'records_path' | 'encoding')[];
  /** Between two fields, where it has fields. */
  readonly delimiter?: string;
  /** Whether rows can be read from a file as it lies, if it is not packed, and UTF-8 if it is text. */
  readonly asIs: boolean;
}

/** One entry for each file format; `lib/extract/file/formats.ts` says how its files become parts. */
export const fileFormats = {
  csv: { extensions: ['.csv'], takes: ['csv', 'encoding'], delimiter: ',', asIs: true },
  tsv: { extensions: ['.tsv', '.tab'], takes: ['csv', 'encoding'], delimiter: '\t', asIs: true },
  json: { extensions: ['.json'], takes: ['records_path', 'encoding'], asIs: false },
  ndjson: { extensions: ['.ndjson', '.jsonl'], takes: ['encoding'], asIs: true },
  parquet: { extensions: ['.parquet'], takes: [], asIs: true },
} as const satisfies Readonly<Record<string, FileFormatSettings>>;

export type FileFormat = keyof typeof fileFormats;

/** The settings of a format. */
export function formatSettings(format: FileFormat): FileFormatSettings {
  return fileFormats[format];
}

/** The names of all formats. */
export const formatNames = Object.keys(fileFormats) as [FileFormat, ...FileFormat[]];

export const fileSettingsShape = {
  format: z.enum(formatNames).optional().describe('What the files are. Default: by their extension.'),
  compression: z
    .enum(['none', 'gzip', 'zstd'])
    .optional()
    .describe('How the files are compressed. Default: gzip for .gz, zstd for .zst, else none.'),
  encoding: z
    .enum(encodings)
    .optional()
    .describe(
      'Encoding of the text. Default: by its byte order mark, else UTF-8. iso-8859-1 is read as windows-1252; shift_jis has the extensions of CP932.',
    ),
  csv: csvSettingsSchema.optional(),
  records_path: jsonPathSchema
    .optional()
    .describe('JSONPath (RFC 9535) of the rows in a JSON file. Default: `results`, or the document if it is an array.'),
  record_name_column: recordNameColumnSchema,
  file_name_column: z.string().min(1).optional().describe('Column to add with the name of the file a row came from.'),
  hive_partitions: z
    .boolean()
    .default(false)
    .describe(
      'Folders named like `year=2026` in the path of a file are columns of its rows, where it has none of that name.',
    ),
  max_bytes: z
    .int()
    .min(1)
    .default(50 * 1024 ** 3)
    .describe('Bytes of all files after decompression; more fails the run. Stops compressed bombs.'),
};

/** Extensions of compressed files, in small letters, behind that of their format. */
export const compressions = { '.gz': 'gzip', '.zst': 'zstd' } as const;

/** Whether files of a name, of which its end has to be known, may be read as they lie, as far as name and settings tell. */
export function mayBeReadAsIs(
  name: string,
  settings: {
    readonly format?: FileFormat | undefined;
    readonly compression?: 'none' | 'gzip' | 'zstd' | undefined;
    readonly encoding?: Encoding | undefined;
  },
): boolean {
  const { compression, encoding = 'utf-8', format } = settings;
  const ends = (endings: readonly string[]): boolean => endings.some((ending) => name.toLowerCase().endsWith(ending));
  const packed = compression === undefined ? ends(Object.keys(compressions)) : compression !== 'none';
  const converted = formatNames.filter((one) => !formatSettings(one).asIs);
  const isConverted = converted.some((one) =>
    format === undefined ? ends(formatSettings(one).extensions) : format === one,
  );
  return encoding === 'utf-8' && !packed && !isConverted;
}

export type CsvSettings = z.infer<typeof csvSettingsSchema>;
export type Encoding = (typeof encodings)[number];
