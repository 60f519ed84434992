import { join } from 'node:path';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { quoteName, quoteText } from '../../duckdb/quote.ts';
import { UnreadableSourceError } from '../errors.ts';
import { LineIndex } from './line-index.ts';
import type { LocalPart } from './local-part.ts';
import { countRows, writeRawRows } from './raw-file.ts';
import type { RawPartRows, RawRows } from './raw-rows.ts';
import type { ReadContext } from './read-context.ts';

/**
 * Reads Parquet parts with their own types; columns are the union of the parts' in first-seen order. A column whose
 * type differs between parts is read as text.
 *
 * @throws {UnreadableSourceError} when a part is no Parquet file, or a damaged one
 */
export async function readParquet(parts: readonly LocalPart[], { scratchDir, session }: ReadContext): Promise<RawRows> {
  const types = new Map<string, string>();
  const present: (readonly string[])[] = [];
  const rawParts: RawPartRows[] = [];
  let rows = 0;
  for (const part of parts) {
    const file = `read_parquet(${quoteText(part.path)})`;
    try {
      const names: string[] = [];
      for (const column of await session.rows(`DESCRIBE SELECT * FROM ${file}`)) {
        const name = String(column.column_name);
        const type = String(column.column_type);
        names.push(name);
        types.set(name, (types.get(name) ?? type) === type ? type : 'VARCHAR');
      }
      present.push(names);
      const [count] = await session.rows(`SELECT count(*) AS n FROM ${file}`);
      const lines = new LineIndex();
      lines.add(1, 1);
      rawParts.push({ source: part.source, base: rows, lines });
      rows += Number(count?.n);
    } catch (error) {
      throw new UnreadableSourceError({
        source: part.source,
        problem: 'this is no Parquet file, or a damaged one.',
        cause: error,
      });
    }
  }
  for (const [name, type] of types) {
    if (type === 'TIMESTAMP_NS' && (await wholeMicroseconds(session, parts, present, name))) {
      types.set(name, 'TIMESTAMP');
    }
  }
  const columns = [...types].map(([sourceName, duckType]) => ({ sourceName, duckType }));
  const selects = parts.map((part, p) => {
    const list = columns.map(({ sourceName, duckType }, i) => {
      const has = present[p]?.includes(sourceName) === true;
      return `${has ? `${quoteName(sourceName)}::${duckType}` : `NULL::${duckType}`} AS c${i}`;
    });
    return `SELECT ${list.join(', ')} FROM read_parquet(${quoteText(part.path)})`;
  });
  const relation = await writeRawRows(session, join(scratchDir, 'raw.parquet'), selects, columns);
  await countRows(session, relation, columns.length === 0 ? 0 : rows, 'Reading the Parquet files');
  return { kind: 'typed', relation, columns, rows, parts: rawParts };
}

/** pandas writes every timestamp with nanoseconds; where none are used, PostgreSQL's microseconds hold it exactly. */
async function wholeMicroseconds(
  session: DuckDbSession,
  parts: readonly LocalPart[],
  present: readonly (readonly string[])[],
  name: string,
): Promise<boolean> {
  for (const [p, part] of parts.entries()) {
    if (present[p]?.includes(name) === true) {
      const [row] = await session.rows(
        `SELECT bool_and(epoch_ns(${quoteName(name)}) % 1000 = 0) AS whole FROM read_parquet(${quoteText(part.path)})`,
      );
      if (row?.whole === false) {
        return false;
      }
    }
  }
  return true;
}
