import type { z } from 'zod';
import { formatSettings } from '../source-file.ts';
import { issueAdder } from './add-issue.ts';
import type { fileSourceShape } from './file.ts';

type File = z.infer<z.ZodObject<typeof fileSourceShape>>;

/** Settings of a file source that are right each by itself and do not fit together. */
export function checkFileSource(source: File, context: z.core.$RefinementCtx): void {
  const add = issueAdder(context);
  const { csv, format } = source;
  const takes = format === undefined ? undefined : formatSettings(format).takes;
  if (csv !== undefined && takes?.includes('csv') === false) {
    add(['csv'], `says how to read csv and tsv files, but format is ${format}`);
  }
  if (source.records_path !== undefined && takes?.includes('records_path') === false) {
    add(['records_path'], `leads through json files, but format is ${format}`);
  }
  if (source.record_name_column !== undefined && takes?.includes('records_path') === false) {
    add(['record_name_column'], `is of json files, but format is ${format}`);
  }
  if (source.encoding !== undefined && takes?.includes('encoding') === false) {
    add(['encoding'], `does not apply to ${format} files`);
  }
  if (csv === undefined) return;
  if (!csv.header && csv.names === undefined) {
    add(['csv', 'names'], 'are needed where header is false, e.g. names: [id, name]');
  }
  if (csv.header && csv.names !== undefined) {
    add(['csv', 'names'], 'are for files without a header: set header: false, or use rename to change names');
  }
  if (csv.names !== undefined && new Set(csv.names).size !== csv.names.length) {
    add(['csv', 'names'], 'must differ from each other');
  }
  if (csv.thousands_separator !== undefined && csv.thousands_separator === csv.decimal_separator) {
    add(['csv', 'thousands_separator'], 'must differ from decimal_separator');
  }
  const delimiter = csv.delimiter ?? formatSettings(format ?? 'csv').delimiter;
  for (const key of ['quote', 'escape', 'comment'] as const) {
    if (csv[key] !== undefined && csv[key] === delimiter) add(['csv', key], 'must differ from the delimiter');
  }
  if (csv.comment !== undefined && csv.comment === csv.quote) add(['csv', 'comment'], 'must differ from the quote');
  for (const character of ['\n', '\r']) {
    if (delimiter === character) add(['csv', 'delimiter'], 'cannot be a line break');
  }
}
