import { Readable } from 'node:stream';
import { CsvError, type Options, parse } from 'csv-parse';
import { parse as parseText } from 'csv-parse/sync';
import type { CsvSettings } from '../../../config/source-file.ts';
import { splitRecord } from '../../../csv-fields.ts';

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

type Values = readonly (string | null)[];

/** A record as the library gives it: the texts of its fields, and its characters, with the end of its line. */
interface ParsedRecord {
  readonly record: readonly string[];
  readonly raw: string;
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
  const options = optionsOf(settings, tab);
  const valuesOf = valueReader(options, settings?.null_strings ?? []);
  const parser = Readable.from(pieces).pipe(
    parse({ ...options, from_line: (settings?.skip_lines ?? 0) + 1, raw: true }),
  );
  let table = settings?.header === false && settings.names !== undefined ? tableOf(settings.names) : undefined;
  let count = 0;
  try {
    for await (const parsed of parser as AsyncIterable<ParsedRecord>) {
      const values = valuesOf(parsed);
      if (table === undefined) {
        table = tableOf(namesOf(values));
        continue;
      }
      if (values.length === table.width) rows.add(table.lineOf(values));
      else {
        const reason = `The row has ${values.length} values, but there are ${table.width} columns.`;
        rows.refuse(Buffer.from(JSON.stringify(values)), reason);
      }
      count += 1;
      if (count % flushEvery === 0) await rows.flush();
    }
  } catch (thrown) {
    if (thrown instanceof CsvError)
      throw new TableSyntaxError(`line ${String(thrown.lines ?? '?')}: ${reasonOf(thrown)}`);
    throw thrown;
  } finally {
    parser.destroy();
  }
  await rows.flush();
}

type Dialect = Options & { readonly delimiter: string; readonly quote: string | null; readonly escape: string };

function optionsOf(settings: CsvSettings | undefined, tab: boolean): Dialect {
  const quote = settings?.quote ?? '"';
  return {
    bom: true,
    delimiter: settings?.delimiter ?? (tab ? '\t' : ','),
    quote: quote === '' ? null : quote,
    escape: settings?.escape ?? (quote === '' ? '"' : quote),
    comment: settings?.comment ?? null,
    comment_no_infix: true,
    ltrim: settings?.skip_initial_space ?? false,
    relax_column_count: true,
    skip_empty_lines: true,
  };
}

/**
 * The values of a record: whether a field was quoted tells a text from no value. The library tells it for each field at
 * ten times the cost of the fields, so that it is asked only where the record does not show it.
 */
function valueReader(options: Dialect, nullStrings: readonly string[]): (parsed: ParsedRecord) => Values {
  const { ltrim, quote } = options;
  const dialect = { ...options, quote: quote ?? '', skip_initial_space: ltrim === true };
  const isNull = (value: string): boolean => value === '' || nullStrings.includes(value);
  return ({ raw, record }) => {
    if (!record.some(isNull)) return record;
    const unquoted = record.map((value) => (isNull(value) ? null : value));
    if (quote === null || !raw.includes(quote)) return unquoted;
    const fields = splitRecord(raw.replace(/(\r\n|\n|\r)$/, ''), dialect);
    const isSplit = fields.length === record.length && fields.every(({ text }, at) => text === record[at]);
    if (isSplit) return fields.map(({ quoted, text }) => (quoted || !isNull(text) ? text : null));
    const [again] = parseText(raw, {
      ...options,
      cast: (value, { quoting }) => (quoting || !isNull(value) ? value : null) as string,
    }) as Values[];
    return again ?? unquoted;
  };
}

/** The library's own words quote values. */
function reasonOf({ code }: CsvError): string {
  return code === 'CSV_QUOTE_NOT_CLOSED' ? 'a quote that does not end' : `what no table has (${code})`;
}

function namesOf(record: Values): readonly string[] {
  const names = record.map((name, at) => (name === null || name.trim() === '' ? `column_${at + 1}` : name.trim()));
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new TableSyntaxError(`two columns are named ${twice}`);
  return names;
}

/** How rows of these columns are written as JSON. */
function tableOf(names: readonly string[]): { readonly width: number; readonly lineOf: (values: Values) => Buffer } {
  const keys = names.map((name, at) => `${at === 0 ? '{' : ','}${JSON.stringify(name)}:`);
  return {
    width: names.length,
    lineOf: (values) => {
      let text = '';
      for (const [at, key] of keys.entries()) text += key + JSON.stringify(values[at] ?? null);
      return Buffer.from(`${text}}`);
    },
  };
}
