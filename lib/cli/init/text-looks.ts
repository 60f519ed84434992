import { open } from 'node:fs/promises';

/** What the beginning of a delimited text looks like. */
export interface TextLooks {
  /** Undefined where it is the format's own. */
  readonly delimiter: string | undefined;
  readonly notes: readonly string[];
}

/** Bytes that are looked at; a header line is shorter. */
const lookedBytes = 64 * 1024;

const delimiters = [',', ';', '\t', '|'] as const;

/** Looks what separates the fields in the header line of a CSV file; undefined for files of other formats and packed ones. */
export async function looksOfText(
  file: string,
  options: { readonly format?: string | undefined; readonly delimiter?: string | undefined },
): Promise<TextLooks | undefined> {
  const isCsv = options.format === 'csv' || (options.format === undefined && /\.csv$/i.test(file));
  if (!isCsv || options.delimiter !== undefined) return undefined;
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(lookedBytes), 0, lookedBytes, 0);
    const [header = ''] = buffer.toString('latin1', 0, bytesRead).split(/\r\n|\n|\r/, 1);
    const delimiter = delimiterOf(header);
    if (delimiter === undefined || delimiter === ',') return { delimiter: undefined, notes: [] };
    const shown = delimiter === '\t' ? 'tabs' : `"${delimiter}"`;
    return { delimiter, notes: [`The fields of its header line are separated by ${shown}.`] };
  } finally {
    await handle.close();
  }
}

/** What separates the fields of a line, by what comes most often outside quotes; undefined where nothing does. */
export function delimiterOf(line: string): string | undefined {
  const plain = line.replace(/"[^"]*"/g, '');
  const counts = delimiters.map((delimiter) => ({ delimiter, n: plain.split(delimiter).length - 1 }));
  const [most] = counts.sort((a, b) => b.n - a.n);
  return most === undefined || most.n === 0 ? undefined : most.delimiter;
}
