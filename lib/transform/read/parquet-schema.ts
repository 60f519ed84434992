import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { parquetRows } from '../../duckdb/parquet-rows.ts';
import { quoteText } from '../../duckdb/quote.ts';
import { messageOf } from '../../errors.ts';
import { UnreadableSourceError } from '../errors.ts';
import { maxDuckDigits } from '../infer/column-type.ts';
import type { LocalPart } from './local-part.ts';

/** What a Parquet file says of itself. */
export interface ParquetSchema {
  /** DuckDB's types by the columns' names, without columns that have no type because none of their rows has a value. */
  readonly types: ReadonlyMap<string, string>;
  readonly rows: number;
  /** Columns, or fields of them, of which DuckDB cuts what is behind the microsecond. */
  readonly nanoseconds: readonly string[];
}

/**
 * @throws {UnreadableSourceError} terminal: it is no Parquet file, a damaged one, or has a type that cannot be read
 *   exactly
 */
export async function readParquetSchema(session: DuckDbSession, part: LocalPart): Promise<ParquetSchema> {
  try {
    const elements = await session.rows(
      `SELECT name, precision, logical_type, coalesce(num_children, 0) AS children FROM parquet_schema(${quoteText(part.path)})`,
    );
    const wide = elements.find((element) => Number(element.precision ?? 0) > maxDuckDigits);
    if (wide !== undefined) {
      throw new UnreadableSourceError({
        source: part.source,
        problem: `${String(wide.name)} is a decimal of ${String(wide.precision)} digits, and ${maxDuckDigits} can be read. Write it with fewer digits, or as text.`,
      });
    }
    const untyped = new Set(
      topLevel(
        elements.map(({ children, logical_type, name }) => ({
          name: String(name),
          children: Number(children),
          logical: String(logical_type),
        })),
      )
        .filter(({ logical }) => logical.startsWith('NullType'))
        .map(({ name }) => name),
    );
    const columns = await session.rows(`DESCRIBE SELECT * FROM ${parquetRows(part.path)}`);
    const types = columns.map((column) => [String(column.column_name), String(column.column_type)] as const);
    const [count] = await session.rows(`SELECT count(*) AS n FROM ${parquetRows(part.path)}`);
    return {
      types: new Map(types.filter(([name]) => !untyped.has(name))),
      rows: Number(count?.n),
      nanoseconds: elements.filter((element) => isCut(String(element.logical_type))).map(({ name }) => String(name)),
    };
  } catch (error) {
    throw unreadableParquet(part, error);
  }
}

/** The error for a file that DuckDB cannot read. */
export function unreadableParquet(part: LocalPart, error: unknown): Error {
  if (error instanceof UnreadableSourceError) return error;
  const said = messageOf(error).replaceAll(part.path, part.source).split('\n')[0]?.slice(0, 200) ?? '';
  return new UnreadableSourceError({
    source: part.source,
    problem: `this is no Parquet file, or one that is damaged or written in a way that cannot be read. DuckDB says: ${said}`,
    cause: error,
  });
}

/** Elements of the schema come parents first; the first one is the file. */
function topLevel<T extends { readonly children: number }>(elements: readonly T[]): readonly T[] {
  const top: T[] = [];
  const skip = (at: number): number => {
    let next = at + 1;
    for (let child = 0; child < (elements[at]?.children ?? 0); child += 1) next = skip(next);
    return next;
  };
  for (let at = 1; at < elements.length; at = skip(at)) top.push(...elements.slice(at, at + 1));
  return top;
}

/** DuckDB has a type of nanoseconds for timestamps without a zone alone. */
function isCut(logicalType: string): boolean {
  const nanoseconds = logicalType.includes('NANOS=NanoSeconds');
  return nanoseconds && (logicalType.startsWith('TimeType') || logicalType.includes('isAdjustedToUTC=1'));
}
