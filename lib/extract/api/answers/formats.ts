import type { AnswerFormat } from '../../../config/source-answers.ts';

/** How responses of a format are read. */
export interface AnswerReader {
  /** Documents of JSON follow each other, of which each is a row. */
  readonly many?: true;
  /** What has to be made of it first; rows are then found as in JSON. */
  readonly from?: 'xml';
  /** A table with this between two values. */
  readonly table?: 'csv' | 'tsv';
  /** A file that becomes a part as it is. */
  readonly whole?: 'parquet';
  /** Content types that say so by themselves. */
  readonly contentType: RegExp;
}

/** One entry for each format. The first whose content type fits is meant; JSON where none does. */
const readers: Readonly<Record<AnswerFormat, AnswerReader>> = {
  ndjson: { many: true, contentType: /ndjson|jsonl|json-seq|jsonlines/i },
  json: { contentType: /\bjson\b/i },
  tsv: { table: 'tsv', contentType: /^\s*text\/tab-separated-values\b/i },
  csv: { table: 'csv', contentType: /^\s*(text|application)\/csv\b/i },
  parquet: { whole: 'parquet', contentType: /\bapache\.parquet\b/i },
  xml: { from: 'xml', contentType: /^\s*(text|application)\/([\w.-]+\+)?xml\b/i },
};

export function answerReader(format: AnswerFormat | undefined, contentType: string): AnswerReader {
  if (format !== undefined) return readers[format];
  const meant = Object.values(readers).find((reader) => reader.contentType.test(contentType));
  // Parts of it are named before it comes, so that it has to be said.
  return meant === undefined || meant.whole !== undefined ? readers.json : meant;
}
