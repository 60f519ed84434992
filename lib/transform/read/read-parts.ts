import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { UnreadableSourceError } from '../errors.ts';
import type { LocalPart } from './local-part.ts';
import type { RawRows, ReadOptions } from './raw-rows.ts';
import { readCsv } from './read-csv.ts';
import { readJson } from './read-json.ts';
import { readParquet } from './read-parquet.ts';
import { withSourceColumn } from './source-column.ts';
import type { UnreadableRows } from './unreadable-rows.ts';

/**
 * Reads every part into one relation. What cannot be read goes to `unreadable`, row by row.
 *
 * @throws {UnreadableSourceError} when parts are of different kinds, or one cannot be read at all
 */
export async function readParts(
  session: DuckDbSession,
  parts: readonly LocalPart[],
  scratchDir: string,
  unreadable: UnreadableRows,
  options: ReadOptions = {},
): Promise<RawRows> {
  const kinds = new Set(parts.map((part) => (part.format === 'json' ? 'ndjson' : part.format)));
  const [kind, other] = kinds;
  if (other !== undefined) {
    const odd = parts.find((part) => (part.format === 'json' ? 'ndjson' : part.format) === other);
    throw new UnreadableSourceError({
      source: odd?.source ?? 'source',
      problem: `this is ${odd?.format} and other files of the source are not; make them pipelines of their own.`,
    });
  }
  const raw =
    kind === 'csv'
      ? await readCsv(session, parts, scratchDir, unreadable, options)
      : kind === 'parquet'
        ? await readParquet(session, parts, scratchDir)
        : await readJson(session, parts, scratchDir, unreadable, options.signal);
  return withSourceColumn(raw, parts[0]?.source_column);
}
