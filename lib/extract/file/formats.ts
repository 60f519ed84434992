import type { FileSettings } from '../../config/pipeline.ts';
import { type CsvSettings, type FileFormat, formatSettings } from '../../config/source-file.ts';
import type { CsvDialect, RawPart } from '../../manifest.ts';
import { rowSearch } from '../json/row-search.ts';
import type { PartWriter } from '../part-writer.ts';
import type { MisfitRecord } from './decode-text.ts';
import { InvalidParquetError } from './errors.ts';
import { readJsonFile } from './read-json-file.ts';

/** How files of one format become parts. */
export interface FormatReader {
  /** The format of its parts; files whose parts have the same one may be files of one source. */
  readonly part: RawPart['format'];
  /** Whether its bytes are text in some encoding. */
  readonly text: boolean;
  /** Whether a file without a byte is one without rows; otherwise it lacks what every file of the format has. */
  readonly mayBeEmpty: boolean;
  /** How its parts have to be read; undefined where there is nothing to say. */
  readonly dialect: (settings: FileSettings) => CsvDialect | undefined;
  /** Lines at the start that have to fit the encoding, or it is the wrong one. */
  readonly headerLines: (settings: FileSettings) => number;
  /** Throws unless the first and the last bytes of a file, at least four of each, are those of the format. */
  readonly checkEdge: ((shown: string, edge: Buffer) => void) | undefined;
  /** Writes the lines of a part, and gives back how many; undefined where the bytes are written as they are. */
  readonly write: ((file: FormatInput, writer: PartWriter) => Promise<number>) | undefined;
}

/** A file on its way into a part. */
export interface FormatInput {
  readonly shown: string;
  /** UTF-8 where the format is text. */
  readonly chunks: AsyncIterable<Buffer>;
  readonly settings: FileSettings;
  readonly onMisfit: (record: MisfitRecord) => void;
}

const delimited = (format: FileFormat): FormatReader => ({
  part: 'csv',
  text: true,
  mayBeEmpty: false,
  dialect: ({ csv }) => csvDialect(format, csv),
  headerLines: ({ csv }) => (csv?.header === false ? 0 : (csv?.skip_lines ?? 0) + 1),
  checkEdge: undefined,
  write: undefined,
});

/** One entry for each format of the configuration. */
export const formatReaders = {
  csv: delimited('csv'),
  tsv: delimited('tsv'),
  json: {
    part: 'ndjson',
    text: true,
    mayBeEmpty: false,
    dialect: () => undefined,
    headerLines: () => Infinity,
    checkEdge: undefined,
    write: ({ chunks, onMisfit, settings, shown }, writer) =>
      readJsonFile(shown, chunks, rowSearch(settings), writer, onMisfit),
  },
  ndjson: {
    part: 'ndjson',
    text: true,
    mayBeEmpty: true,
    dialect: () => undefined,
    headerLines: () => 0,
    checkEdge: undefined,
    write: undefined,
  },
  parquet: {
    part: 'parquet',
    text: false,
    mayBeEmpty: false,
    dialect: () => undefined,
    headerLines: () => 0,
    checkEdge: checkParquet,
    write: undefined,
  },
} satisfies Readonly<Record<FileFormat, FormatReader>>;

export function formatReader(format: FileFormat): FormatReader {
  return formatReaders[format];
}

function checkParquet(shown: string, edge: Buffer): void {
  if (edge.length < 4 || edge.toString('latin1', 0, 4) !== 'PAR1') throw new InvalidParquetError(shown);
}

/** The dialect for DuckDB; defaults are RFC 4180's. */
function csvDialect(format: FileFormat, csv: CsvSettings | undefined): CsvDialect {
  const quote = csv?.quote ?? '"';
  return {
    delimiter: csv?.delimiter ?? formatSettings(format).delimiter ?? ',',
    quote,
    escape: csv?.escape ?? quote,
    header: csv?.header ?? true,
    names: csv?.names,
    comment: csv?.comment,
    skip_lines: csv?.skip_lines ?? 0,
    ...(csv?.skip_initial_space === true ? { skip_initial_space: true } : {}),
    null_strings: csv?.null_strings ?? [],
    decimal_separator: csv?.decimal_separator ?? '.',
    thousands_separator: csv?.thousands_separator,
  };
}
