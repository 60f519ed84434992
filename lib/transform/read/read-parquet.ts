import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { parquetRows } from '../../duckdb/parquet-rows.ts';
import { quoteName } from '../../duckdb/quote.ts';
import { asCommon, commonType, isExactAsDouble } from './common-type.ts';
import { LineIndex } from './line-index.ts';
import type { LocalPart } from './local-part.ts';
import { exactColumns, type ParquetColumns } from './parquet-nanoseconds.ts';
import { readParquetSchema, unreadableParquet } from './parquet-schema.ts';
import { countRows, writeRawRows } from './raw-file.ts';
import type { RawColumn, RawPartRows, RawRows } from './raw-rows.ts';
import type { ReadContext } from './read-context.ts';
import { placeColumns } from './select-csv.ts';

interface ParquetPart extends Pick<ParquetColumns, 'path' | 'texts' | 'types'> {
  readonly part: LocalPart;
  /** The names that the file has for the columns, by the column's place in the union. */
  readonly names: ReadonlyMap<number, string>;
}

/**
 * Reads Parquet parts with their own types; columns are the union of the parts' in first-seen order. Where a column's
 * type differs between parts, it has one that holds the values of all of them.
 *
 * @throws {UnreadableSourceError} when a part is no Parquet file, or a damaged one
 */
export async function readParquet(parts: readonly LocalPart[], { scratchDir, session }: ReadContext): Promise<RawRows> {
  const files: ParquetPart[] = [];
  const sourceNames: string[] = [];
  const rawParts: RawPartRows[] = [];
  const cut = new Set<string>();
  let rows = 0;
  for (const [number, part] of parts.entries()) {
    const schema = await readParquetSchema(session, part);
    const exact = await exactColumns(session, part, schema, join(scratchDir, `plain-${number}.parquet`));
    const names = [...schema.types.keys()];
    const places = placeColumns(names, sourceNames);
    for (const name of exact.cut) cut.add(name);
    files.push({ ...exact, part, names: new Map(names.map((name, at) => [places[at] ?? -1, name])) });
    const lines = new LineIndex();
    lines.add(1, 1);
    rawParts.push({ source: part.source, base: rows, lines });
    rows += schema.rows;
  }
  const columns: RawColumn[] = [];
  for (const [place, sourceName] of sourceNames.entries()) {
    columns.push({ sourceName, duckType: await typeOf(session, files, place) });
  }
  const selects = files.map(({ names, path, texts, types }) => {
    const list = columns.map(({ duckType }, i) => {
      const name = names.get(i) ?? '';
      const own = types.get(name);
      const value = texts.get(name) ?? quoteName(name);
      return `${own === undefined ? `NULL::${duckType}` : asCommon(value, own, duckType)} AS c${i}`;
    });
    return `SELECT ${list.join(', ')} FROM ${parquetRows(path)}`;
  });
  const relation = await writeRawRows(session, join(scratchDir, 'raw.parquet'), selects, columns).catch(
    async (error: unknown) => {
      throw await damagedFile(session, files, error);
    },
  );
  for (const { part, path } of files) if (path !== part.path) await rm(path);
  await countRows(session, relation, columns.length === 0 ? 0 : rows, 'Reading the Parquet files');
  return { kind: 'typed', relation, columns, rows, parts: rawParts, warnings: warningsOf(cut) };
}

/** The type that holds a column's values in all files, exactly. */
async function typeOf(session: DuckDbSession, files: readonly ParquetPart[], place: number): Promise<string> {
  const own = [...new Set(files.flatMap(({ names, types }) => types.get(names.get(place) ?? '') ?? []))];
  const type = own.reduce(commonType);
  if (type === 'DOUBLE' && own.length > 1 && !(await every(session, files, place, isExactAsDouble))) return 'VARCHAR';
  // pandas writes every timestamp with nanoseconds; where none are used, PostgreSQL's microseconds hold it exactly.
  const whole = (value: string, of: string): string | undefined =>
    of === 'TIMESTAMP_NS' ? `coalesce(epoch_ns(${value}) % 1000 = 0, true)` : undefined;
  if (type === 'TIMESTAMP_NS') return (await every(session, files, place, whole)) ? 'TIMESTAMP' : 'VARCHAR';
  return type;
}

/** Whether a condition is true of every value of a column, in all files; undefined is true of every value of the type. */
async function every(
  session: DuckDbSession,
  files: readonly ParquetPart[],
  place: number,
  condition: (value: string, type: string) => string | undefined,
): Promise<boolean> {
  for (const { names, path, types } of files) {
    const name = names.get(place) ?? '';
    const sql = condition(quoteName(name), types.get(name) ?? '');
    if (sql === undefined) continue;
    const [row] = await session.rows(`SELECT bool_and(${sql}) AS holds FROM ${parquetRows(path)}`);
    if (row?.holds === false) return false;
  }
  return true;
}

/** The error that names the file which cannot be read; the given one where each can, by itself. */
async function damagedFile(session: DuckDbSession, files: readonly ParquetPart[], error: unknown): Promise<unknown> {
  for (const { part } of files) {
    try {
      await session.rows(`SELECT max(hash(t)) FROM ${parquetRows(part.path)} AS t`);
    } catch (failure) {
      return unreadableParquet(part, failure);
    }
  }
  return error;
}

function warningsOf(cut: ReadonlySet<string>): readonly string[] {
  if (cut.size === 0) return [];
  return [
    `${[...cut].join(', ')} of the Parquet file may hold nanoseconds, of which microseconds are loaded. Write microseconds to be sure that nothing is cut.`,
  ];
}
