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
  /** Columns of which DuckDB cuts what is behind the microsecond, by their names, with their places among the columns. */
  readonly cut: ReadonlyMap<string, CutColumn>;
  /** Fields within columns of which it does so. */
  readonly cutWithin: readonly string[];
}

/** A column whose values have nanoseconds, and how the file stores them: since 1970, since midnight, or both in an INT96. */
export interface CutColumn {
  readonly place: number;
  readonly stored: 'instant' | 'time' | 'int96';
}

/**
 * @throws {UnreadableSourceError} terminal: it is no Parquet file, a damaged one, or has a type that cannot be read
 *   exactly
 */
export async function readParquetSchema(session: DuckDbSession, part: LocalPart): Promise<ParquetSchema> {
  try {
    const elements = await session.rows(
      `SELECT name, type, precision, logical_type, repetition_type, coalesce(num_children, 0) AS children FROM parquet_schema(${quoteText(part.path)})`,
    );
    const wide = elements.find((element) => Number(element.precision ?? 0) > maxDuckDigits);
    if (wide !== undefined) {
      throw new UnreadableSourceError({
        source: part.source,
        problem: `${String(wide.name)} is a decimal of ${String(wide.precision)} digits, and ${maxDuckDigits} can be read. Write it with fewer digits, or as text.`,
      });
    }
    const parsed = elements.map(elementOf);
    const top = topLevel(parsed);
    const untyped = new Set(top.filter(({ logical }) => logical.startsWith('NullType')).map(({ name }) => name));
    const columns = await session.rows(`DESCRIBE SELECT * FROM ${parquetRows(part.path)}`);
    const types = columns.map((column) => [String(column.column_name), String(column.column_type)] as const);
    const [count] = await session.rows(`SELECT count(*) AS n FROM ${parquetRows(part.path)}`);
    return {
      types: new Map(types.filter(([name]) => !untyped.has(name))),
      rows: Number(count?.n),
      ...cutOf(parsed, top, types),
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

/** An element of the schema, as the file has it. */
interface Element {
  readonly name: string;
  readonly physical: string;
  readonly logical: string;
  readonly children: number;
  readonly repeated: boolean;
}

function elementOf(row: Readonly<Record<string, unknown>>): Element {
  return {
    name: String(row.name),
    physical: String(row.type),
    logical: String(row.logical_type),
    children: Number(row.children),
    repeated: row.repetition_type === 'REPEATED',
  };
}

/** Elements of the schema come parents first; the first one is the file. */
function topLevel(elements: readonly Element[]): readonly Element[] {
  const top: Element[] = [];
  const skip = (at: number): number => {
    let next = at + 1;
    for (let child = 0; child < (elements[at]?.children ?? 0); child += 1) next = skip(next);
    return next;
  };
  for (let at = 1; at < elements.length; at = skip(at)) top.push(...elements.slice(at, at + 1));
  return top;
}

/** What DuckDB cuts: it has a type of nanoseconds for timestamps without a zone alone, and reads none from an INT96. */
function cutOf(
  elements: readonly Element[],
  top: readonly Element[],
  types: readonly (readonly [string, string])[],
): Pick<ParquetSchema, 'cut' | 'cutWithin'> {
  const cut = new Map<string, CutColumn>();
  const isOwn = (element: Element, place: number): boolean =>
    element.children === 0 && !element.repeated && place !== -1;
  for (const [place, element] of top.entries()) {
    const [name] = types[place] ?? [];
    const stored = storedOf(element);
    if (name !== undefined && stored !== undefined && isOwn(element, place)) cut.set(name, { place, stored });
  }
  const within = elements.filter((element) => storedOf(element) !== undefined && !isOwn(element, top.indexOf(element)));
  return { cut, cutWithin: within.map(({ name }) => name) };
}

function storedOf({ logical, physical }: Element): CutColumn['stored'] | undefined {
  if (physical === 'INT96') return 'int96';
  if (!logical.includes('NANOS=NanoSeconds')) return undefined;
  if (logical.startsWith('TimeType')) return 'time';
  return logical.includes('isAdjustedToUTC=1') ? 'instant' : undefined;
}
