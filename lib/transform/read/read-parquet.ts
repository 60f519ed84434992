import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { parquetRows } from '../../duckdb/parquet-rows.ts';
import { quoteName } from '../../duckdb/quote.ts';
import { asCommon } from './common-type.ts';
import { LineIndex } from './line-index.ts';
import type { LocalPart } from './local-part.ts';
import type { FieldPlaces, OpenedParts, ParquetQuestion } from './opened-parts.ts';
import { exactColumns, type ParquetColumns } from './parquet-nanoseconds.ts';
import { conditionOf } from './parquet-questions.ts';
import { readParquetSchema, unreadableParquet } from './parquet-schema.ts';
import { countRows, writeRawRows } from './raw-file.ts';
import type { RawPartRows, RawRows } from './raw-rows.ts';
import type { ReadContext } from './read-context.ts';

interface ParquetPart extends Pick<ParquetColumns, 'path' | 'texts' | 'types'> {
  readonly part: LocalPart;
  readonly records: number;
  /** A relation of the part's rows by the names of the file. */
  readonly rows: string;
}

/**
 * Opens Parquet parts, whose columns have their own types. Where a column's type differs between parts, it has one that
 * holds the values of all of them.
 *
 * @throws {UnreadableSourceError} when a part is no Parquet file, or a damaged one
 */
export async function openParquet(
  parts: readonly LocalPart[],
  { scratchDir, session }: ReadContext,
): Promise<OpenedParts> {
  const files: ParquetPart[] = [];
  const rawParts: RawPartRows[] = [];
  const cut = new Set<string>();
  let rows = 0;
  for (const [number, part] of parts.entries()) {
    const schema = await readParquetSchema(session, part);
    const exact = await exactColumns(session, part, schema, join(scratchDir, `plain-${number}.parquet`));
    for (const name of exact.cut) cut.add(name);
    files.push({ ...exact, part, records: schema.rows, rows: parquetRows(exact.path) });
    const lines = new LineIndex();
    lines.add(1, 1 + (part.slice?.before ?? 0));
    rawParts.push({ source: part.source, base: rows, lines });
    rows += schema.rows;
  }
  const write = async ({ columns, places }: FieldPlaces): Promise<RawRows> => {
    const selects = files.map(({ part, records, rows: relation, texts, types }, at) => {
      const fields = [...types];
      const list = columns.map(({ duckType }, i) => {
        const [name = '', own] = fields[places[at]?.indexOf(i) ?? -1] ?? [];
        const value = texts.get(name) ?? quoteName(name);
        return `${own === undefined ? `NULL::${duckType}` : asCommon(value, own, duckType)} AS c${i}`;
      });
      return { sql: `SELECT ${list.join(', ')} FROM ${relation}`, rows: records, bytes: part.bytes };
    });
    const relation = await writeRawRows(session, scratchDir, selects, columns).catch(async (error: unknown) => {
      throw await damagedFile(session, files, error);
    });
    for (const { part, path } of files) if (path !== part.path) await rm(path);
    await countRows(session, relation, columns.length === 0 ? 0 : rows, 'Reading the Parquet files');
    return { kind: 'typed', relation, columns, rows, parts: rawParts, warnings: parquetWarnings([...cut]) };
  };
  return {
    kind: 'typed',
    rows,
    parts: rawParts,
    fields: files.map(({ types }) => ({ names: [...types.keys()], types: [...types.values()] })),
    walked: files.map(() => ({ bytes: 0, lines: 0 })),
    cutNames: [...cut],
    holds: async (question, part, field) => await holdsForAll(session, files[part], question, field),
    write,
  };
}

/** Whether a question is answered with yes by every value of a field of a file. */
async function holdsForAll(
  session: DuckDbSession,
  file: ParquetPart | undefined,
  question: ParquetQuestion,
  field: number,
): Promise<boolean> {
  const [name = '', type = ''] = [...(file?.types ?? [])][field] ?? [];
  const sql = conditionOf(question, quoteName(name), type);
  if (file === undefined || sql === undefined) return true;
  const [row] = await session.rows(`SELECT bool_and(${sql}) AS holds FROM ${file.rows}`);
  return row?.holds !== false;
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

/** What is said of columns of which DuckDB cuts what is behind the microsecond. */
export function parquetWarnings(names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  return [
    `${names.join(', ')} of the Parquet file may hold nanoseconds, of which microseconds are loaded. Write microseconds to be sure that nothing is cut.`,
  ];
}
