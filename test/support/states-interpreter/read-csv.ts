import { StatesError, UnknownFeatureError } from './errors.ts';

/** Bytes that the header of a CSV file may have (Developer Guide, "ItemReader"). */
const maxHeaderBytes = 10 * 1024;

/** Names of `CSVDelimiter`. */
export const delimiters: Readonly<Record<string, string>> = {
  COMMA: ',',
  PIPE: '|',
  SEMICOLON: ';',
  SPACE: ' ',
  TAB: '\t',
};

/**
 * Records of a text as Step Functions parses them (Developer Guide, "How Step Functions parses input CSV files"): quotes
 * protect delimiters and newlines, two quotes are one, a backslash escapes itself, a quote and the delimiter, and before
 * anything else it is dropped. A field that opens with two quotes is no quoted one, as the guide's example
 * `{""MyKey"":""MyValue""}` has it.
 */
export function csvRecords(text: string, delimiter: string): readonly (readonly string[])[] {
  const records: string[][] = [];
  let record: string[] = [];
  let field = '';
  let quoted = false;
  const endRecord = (at: number): void => {
    if (/(^|\n)\r?$/.test(text.slice(Math.max(0, at - 2), at))) throw new UnknownFeatureError('An empty line in CSV');
    record.push(field);
    records.push(record);
    record = [];
    field = '';
  };
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    const following = text[at + 1];
    if (char === '\\') {
      if (following === '\\' || following === '"' || following === delimiter) field += text[++at];
    } else if (char === '"' && following === '"') {
      const empty = !quoted && field === '' && [delimiter, '\r', '\n', undefined].includes(text[at + 2]);
      if (!empty) field += '"';
      at += 1;
    } else if (char === '"') quoted = !quoted;
    else if (quoted) field += char;
    else if (char === delimiter) {
      record.push(field);
      field = '';
    } else if (char === '\n') endRecord(at);
    else if (char !== '\r' || following !== '\n') field += char;
  }
  if (!/(^|\n)$/.test(text.slice(-1))) endRecord(text.length);
  return records;
}

/**
 * Records as items by the names of a header, all values texts: an empty text for what a record lacks, and nothing of
 * what it has beyond the header.
 *
 * @throws {StatesError} States.ItemReaderFailed for a header of more than 10 KiB, or none
 */
export function csvItems(
  records: readonly (readonly string[])[],
  header: readonly string[] | undefined,
): readonly Readonly<Record<string, string>>[] {
  const names = header ?? records[0];
  if (names === undefined) throw new StatesError('States.ItemReaderFailed', 'The file has no header');
  if (Buffer.byteLength(names.join(',')) > maxHeaderBytes)
    throw new StatesError('States.ItemReaderFailed', `The header has more than ${maxHeaderBytes} bytes`);
  return records
    .slice(header === undefined ? 1 : 0)
    .map((record) => Object.fromEntries(names.map((name, index) => [name, record[index] ?? ''])));
}
