import { decimalOf, maxDuckDigits } from '../infer/column-type.ts';
import { ownText } from '../infer/own-type.ts';

/** Integers by DuckDB's names: their digits, and whether they are signed. */
const integers: Readonly<Record<string, readonly [digits: number, signed: boolean]>> = {
  TINYINT: [3, true],
  UTINYINT: [3, false],
  SMALLINT: [5, true],
  USMALLINT: [5, false],
  INTEGER: [10, true],
  UINTEGER: [10, false],
  BIGINT: [19, true],
  UBIGINT: [20, false],
};
const floats: readonly string[] = ['FLOAT', 'DOUBLE'];
/** From the coarsest to the finest. */
const timestamps: readonly string[] = ['DATE', 'TIMESTAMP_S', 'TIMESTAMP_MS', 'TIMESTAMP', 'TIMESTAMP_NS'];

/**
 * DuckDB's type that holds the values of two types; VARCHAR where no other does. `DOUBLE` of an exact and a binary number
 * holds only those that `isExactAsDouble`.
 */
export function commonType(one: string, other: string): string {
  if (one === other) return one;
  if (isNested(one) || isNested(other) || one === 'JSON' || other === 'JSON') return 'JSON';
  const whole = [integerOf(one), integerOf(other)];
  if (whole[0] !== undefined && whole[1] !== undefined) {
    const [wide, narrow] = whole[0][0] >= whole[1][0] ? [one, other] : [other, one];
    if (integerOf(wide)?.[1] === true || integerOf(narrow)?.[1] === false) return wide;
    // A HUGEINT would be written to Parquet as a double.
    return integerOf(wide)?.[0] === 20 ? 'DECIMAL(20,0)' : 'BIGINT';
  }
  const exact = [exactOf(one), exactOf(other)];
  if (exact[0] !== undefined && exact[1] !== undefined) {
    const scale = Math.max(exact[0].scale, exact[1].scale);
    const digits = Math.max(exact[0].digits - exact[0].scale, exact[1].digits - exact[1].scale) + scale;
    return digits <= maxDuckDigits ? `DECIMAL(${digits},${scale})` : 'VARCHAR';
  }
  const isNumber = (type: string): boolean => floats.includes(type) || exactOf(type) !== undefined;
  if (isNumber(one) && isNumber(other)) return 'DOUBLE';
  const [at, also] = [timestamps.indexOf(one), timestamps.indexOf(other)];
  if (at !== -1 && also !== -1) return timestamps[Math.max(at, also, 3)] ?? 'VARCHAR';
  return 'VARCHAR';
}

/** A SQL expression: the value of one type as one of the common type. */
export function asCommon(value: string, from: string, to: string): string {
  if (from === to) return value;
  if (to === 'JSON') return `to_json(${value})::JSON`;
  return to === 'VARCHAR' ? ownText(value, from) : `${value}::${to}`;
}

/** A SQL condition: an exact number is the same as a double; undefined where every value of the type is. */
export function isExactAsDouble(value: string, type: string): string | undefined {
  if (exactOf(type) === undefined) return undefined;
  return `coalesce(TRY_CAST(${value}::DOUBLE AS ${type}) = ${value}, ${value} IS NULL)`;
}

function integerOf(type: string): readonly [number, boolean] | undefined {
  return Object.hasOwn(integers, type) ? integers[type] : undefined;
}

function exactOf(type: string): { readonly digits: number; readonly scale: number } | undefined {
  const whole = integerOf(type);
  return whole === undefined ? decimalOf(type) : { digits: whole[0], scale: 0 };
}

function isNested(type: string): boolean {
  return /\]$|^(STRUCT|MAP|UNION)\(/.test(type);
}
