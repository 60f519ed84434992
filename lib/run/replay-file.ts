import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { z } from 'zod';
import { csvLine } from '../csv-line.ts';
import { idColumn, yieldedName } from '../service-columns.ts';
import type { KeptRow } from '../state/rejected-rows.ts';

const rowSchema = z.record(z.string(), z.unknown());

/** Rows of a batch that the database refused are kept as they would have been written, with the service's own columns. */
const refusedPlace = /^chunk \d+ row \d+$/;
const ownColumns = [idColumn, 'extracted_at'] as const;

/** A value that was too long to be kept whole ends like this. */
const shortened = /… \(\d+ bytes\)$/;

/** A rejected row as a source would give it, or why it cannot be run again as it is. */
export type Replayable = { readonly fields: Readonly<Record<string, unknown>> } | { readonly why: string };

/** What a rejected row was in its source. */
export function replayableOf(kept: Pick<KeptRow, 'row' | 'source'>): Replayable {
  const row = rowSchema.parse(JSON.parse(kept.row));
  if (row.truncated === true) return { why: 'is too long to be kept whole' };
  const names = Object.keys(row);
  if (names.length === 1 && names[0] === 'raw') return { why: 'could not be read' };
  if (!refusedPlace.test(kept.source ?? '')) return { fields: row };
  // Where the service's column has its other name, the source has one of the usual name.
  const own: readonly string[] = ownColumns.map((column) =>
    yieldedName(column) in row ? yieldedName(column) : column,
  );
  const fields = Object.fromEntries(Object.entries(row).filter(([name]) => !own.includes(name)));
  const isCut = Object.values(fields).some((value) => typeof value === 'string' && shortened.test(value));
  return isCut ? { why: 'is too long to be kept whole' } : { fields };
}

/** Rows for a file that a run reads as its source. */
export interface ReplayRow {
  readonly id: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** JSON text of the fields, where it is known: numbers keep their digits. */
  readonly json?: string | undefined;
}

/**
 * Writes rows as a file: CSV where the pipeline's source is text, else NDJSON.
 *
 * @param columns  the names in the header; a row's other fields are left out
 */
export async function writeReplayFile(
  file: string,
  format: 'csv' | 'ndjson',
  columns: readonly string[],
  rows: AsyncIterable<ReplayRow>,
): Promise<void> {
  const stream = createWriteStream(file, { mode: 0o600 });
  const write = async (line: string): Promise<void> => {
    if (!stream.write(`${line}\n`)) await once(stream, 'drain');
  };
  try {
    if (format === 'csv') await write(csvLine(columns));
    for await (const row of rows) {
      if (format === 'csv') await write(csvLine(columns.map((name) => row.fields[name])));
      else await write(row.json ?? JSON.stringify(row.fields));
    }
  } finally {
    stream.end();
    await finished(stream);
  }
}
