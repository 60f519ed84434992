import { rm } from 'node:fs/promises';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { parquetRows } from '../../duckdb/parquet-rows.ts';
import { quoteName } from '../../duckdb/quote.ts';
import type { LocalPart } from './local-part.ts';
import { copyWithPlainTimes } from './parquet-plain-times.ts';
import type { CutColumn, ParquetSchema } from './parquet-schema.ts';

/** How the columns of a Parquet file are read so that no nanosecond is lost. */
export interface ParquetColumns {
  /** Of the file itself, or of a copy that has the values of some columns as they are stored. */
  readonly path: string;
  /** DuckDB's types by the columns' names; columns with nanoseconds that no type of the database holds are texts. */
  readonly types: ReadonlyMap<string, string>;
  /** SQL of the values of those texts, by the columns' names. */
  readonly texts: ReadonlyMap<string, string>;
  /** Columns, or fields of them, whose nanoseconds cannot be told, and are cut. */
  readonly cut: readonly string[];
}

/**
 * Looks whether columns of times have nanoseconds, where DuckDB reads microseconds: pandas writes each time with them, and
 * most have none. Those that have are read as texts, as DuckDB's own timestamps with nanoseconds are.
 *
 * @param copy  path for a copy of the file, which is there afterwards only where the columns are read from it
 */
export async function exactColumns(
  session: DuckDbSession,
  part: LocalPart,
  schema: ParquetSchema,
  copy: string,
): Promise<ParquetColumns> {
  const asRead = { path: part.path, types: schema.types, texts: new Map(), cut: schema.cutWithin };
  if (schema.cut.size === 0) return asRead;
  const cut = [...schema.cut];
  if (!(await copied(part, copy, cut))) return { ...asRead, cut: [...schema.cut.keys(), ...schema.cutWithin] };
  const whole = cut.map(([name, { stored }]) => `bool_and(${nanoseconds[stored](quoteName(name))} % 1000 = 0)`);
  const [row] = await session.rows(
    `SELECT ${whole.map((sql, at) => `${sql} AS w${at}`).join(', ')} FROM ${parquetRows(copy)}`,
  );
  const finer = cut.filter((_, at) => row?.[`w${at}`] === false);
  if (finer.length === 0) {
    await rm(copy);
    return asRead;
  }
  // The other columns of the copy have to have their types again.
  if (finer.length < cut.length) await copied(part, copy, finer);
  const types = new Map(schema.types);
  const texts = new Map<string, string>();
  for (const [name, { stored }] of finer) {
    const isUtc = schema.types.get(name)?.endsWith('WITH TIME ZONE') === true;
    types.set(name, 'VARCHAR');
    texts.set(name, `${text[stored](quoteName(name))}${isUtc ? " || '+00'" : ''}`);
  }
  return { path: copy, types, texts, cut: schema.cutWithin };
}

/** @returns whether there is a copy; none is made of a file that describes itself in a way that is not understood */
async function copied(
  part: LocalPart,
  copy: string,
  columns: readonly (readonly [string, CutColumn])[],
): Promise<boolean> {
  try {
    await copyWithPlainTimes(part.path, copy, new Set(columns.map(([, { place }]) => place)));
    return true;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    await rm(copy, { force: true });
    return false;
  }
}

const nanosecondsOfDay = 86_400_000_000_000;

/** An INT96 has the nanoseconds of the day in eight bytes and the Julian day in four, each the least one first. */
function int96(value: string, from: number, bytes: number): string {
  const digits = Array.from({ length: bytes }, (_, at) => `substr(hex(${value}), ${2 * (from + bytes - at) - 1}, 2)`);
  return `('0x' || ${digits.join(' || ')})::BIGINT`;
}

const julianDayOf1970 = 2_440_588;

/** SQL of a stored value's nanoseconds. */
const nanoseconds: Readonly<Record<CutColumn['stored'], (value: string) => string>> = {
  instant: (value) => value,
  time: (value) => value,
  int96: (value) => int96(value, 0, 8),
};

const timeOf = (sql: string): string => `substr(make_timestamp_ns(${sql})::VARCHAR, 12)`;

/** SQL of a stored value's text, without a zone. */
const text: typeof nanoseconds = {
  instant: (value) => `make_timestamp_ns(${value})::VARCHAR`,
  // Midnight at the end of a day is a time of its own.
  time: (value) => `CASE WHEN ${value} >= ${nanosecondsOfDay} THEN '24:00:00' ELSE ${timeOf(value)} END`,
  int96: (value) => {
    const nanos = nanoseconds.int96(value);
    const day = `(${int96(value, 8, 4)} - ${julianDayOf1970} + ${nanos} // ${nanosecondsOfDay})::INTEGER`;
    return `(DATE '1970-01-01' + ${day})::VARCHAR || ' ' || ${timeOf(nanos)}`;
  },
};
