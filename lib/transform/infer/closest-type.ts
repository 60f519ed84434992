import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import type { ClosestType } from '../../manifest.ts';
import { cellText } from '../read/json-line.ts';
import type { RawRows } from '../read/raw-rows.ts';
import { placeOfRow } from '../read/row-place.ts';
import type { NumberStyle } from './number-text.ts';
import { cellOf, type Question } from './survey.ts';
import { isGiven, withoutLength } from './text-form.ts';

/** Types that are looked for, the narrowest first, with the names by which `columns` declares them. */
const candidates = [
  ['boolean', 'boolean'],
  ['bigint', 'bigint'],
  ['numeric', 'numeric'],
  ['double', 'double precision'],
  ['date', 'date'],
  ['timestamp', 'timestamp'],
  ['timestamptz', 'timestamptz'],
  ['uuid', 'uuid'],
] as const satisfies readonly (readonly [Question, string])[];

/** A type that fewer values have than this share is no explanation of why the column is text. */
const leastShare = 0.5;

/**
 * Of text columns the narrower type that most values have, and the first value that has it not. One more pass over the
 * rows for each column.
 *
 * @param columns  indexes of columns of the raw rows, which are fields of CSV or values of JSON
 * @returns by column; none where no type has half of the values
 */
export async function closestTypes(
  session: DuckDbSession,
  raw: RawRows,
  columns: readonly number[],
  numbers: NumberStyle,
): Promise<ReadonlyMap<number, ClosestType>> {
  const found = new Map<number, ClosestType>();
  const { kind } = raw;
  if (kind === 'typed') return found;
  for (const column of columns) {
    const cell = cellOf({ kind, numbers, dateFormat: () => undefined }, column);
    const text = kind === 'json' ? cellText(`c${column}`) : `c${column}`;
    const asked = candidates.map(([question]) => {
      const not = `FILTER (WHERE NOT (${cell.holds(question)}))`;
      return `count(*) FILTER (WHERE ${cell.holds(question)}) AS ${question}_n, min(o) ${not} AS ${question}_o,
        arg_min(left(t${column}, 40), o) ${not} AS ${question}_text`;
    });
    const [row] = await session.rows(
      `SELECT count(*) AS n, ${asked.join(', ')} FROM (SELECT o, c${column}, ${withoutLength(text)} AS t${column}
         FROM ${raw.relation}) WHERE ${isGiven(`t${column}`)}`,
    );
    const values = Number(row?.n ?? 0);
    const ranked = candidates
      .map(([question, type]) => ({ question, type, holds: Number(row?.[`${question}_n`] ?? 0) }))
      .toSorted((one, other) => other.holds - one.holds);
    const best = ranked[0];
    if (row === undefined || best === undefined || best.holds === values || best.holds < values * leastShare) continue;
    const place = await placeOfRow(session, raw, Number(row[`${best.question}_o`]));
    found.set(column, {
      type: best.type,
      values,
      misfits: values - best.holds,
      example: String(row[`${best.question}_text`]),
      source: place.source,
      row_number: place.line,
    });
  }
  return found;
}
