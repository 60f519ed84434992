import { Readable } from 'node:stream';
import { CsvError, type Options, parse } from 'csv-parse';
import type { CsvSettings } from '../../../config/source-file.ts';
import { jsonText, setOwn } from '../raw-json.ts';

/** Where the rows of a table go. */
export interface TableRows {
  /** One row as JSON; every value is the text that stands in the table, and no value is null. */
  readonly add: (line: Buffer) => void;
  readonly refuse: (raw: Buffer, reason: string) => void;
  /** Called now and then, so that rows need not pile up. */
  readonly flush: () => Promise<void>;
}

/** A body cannot be read as a table. For the reader, who knows which response it was. */
export class TableSyntaxError extends Error {
  override readonly name = 'TableSyntaxError';
}

/** Rows between two calls of `flush`. */
const flushEvery = 500;

/**
 * Reads a table with a delimiter. Rows with more or fewer values than there are columns are refused.
 *
 * @param pieces  in UTF-8
 * @throws {TableSyntaxError} when a quote does not end, or columns have no names of their own
 */
export async function readTable(
  pieces: AsyncIterable<Buffer>,
  settings: CsvSettings | undefined,
  tab: boolean,
  rows: TableRows,
): Promise<void> {
  const quote = settings?.quote ?? '"';
  const options: Options = {
    bom: true,
    delimiter: settings?.delimiter ?? (tab ? '\t' : ','),
    quote: quote === '' ? null : quote,
    escape: settings?.escape ?? (quote === '' ? '"' : quote),
    comment: settings?.comment ?? null,
    comment_no_infix: true,
    from_line: (settings?.skip_lines ?? 0) + 1,
    ltrim: settings?.skip_initial_space ?? false,
    relax_column_count: true,
    skip_empty_lines: true,
    // Whether a value was quoted tells an empty text from no value.
    cast: (value, { quoting }) => (quoting ? value : isNull(value, settings) ? null : value) as string,
  };
  const parser = Readable.from(pieces).pipe(parse(options));
  let names: readonly string[] | undefined = settings?.header === false ? settings.names : undefined;
  let count = 0;
  try {
    for await (const record of parser as AsyncIterable<readonly (string | null)[]>) {
      if (names === undefined) {
        names = namesOf(record);
        continue;
      }
      if (record.length === names.length) rows.add(lineOf(names, record));
      else {
        const reason = `The row has ${record.length} values, but there are ${names.length} columns.`;
        rows.refuse(Buffer.from(JSON.stringify(record)), reason);
      }
      count += 1;
      if (count % flushEvery === 0) await rows.flush();
    }
  } catch (thrown) {
    if (thrown instanceof CsvError) throw new TableSyntaxError(`line ${thrown.lines ?? '?'}: ${reasonOf(thrown)}`);
    throw thrown;
  } finally {
    parser.destroy();
  }
  await rows.flush();
}

/** The library's own words quote values. */
function reasonOf({ code }: CsvError): string {
  return code === 'CSV_QUOTE_NOT_CLOSED' ? 'a quote that does not end' : `what no table has (${code})`;
}

function isNull(value: string, settings: CsvSettings | undefined): boolean {
  return value === '' || settings?.null_strings.includes(value) === true;
}

function namesOf(record: readonly (string | null)[]): readonly string[] {
  const names = record.map((name, at) => (name === null || name.trim() === '' ? `column_${at + 1}` : name.trim()));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new TableSyntaxError(`two columns are named ${twice}`);
  return names;
}

function lineOf(names: readonly string[], record: readonly (string | null)[]): Buffer {
  const row: Record<string, unknown> = {};
  for (const [at, name] of names.entries()) setOwn(row, name, record[at] ?? null);
  return Buffer.from(jsonText(row));
}
