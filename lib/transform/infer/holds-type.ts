import { type ColumnType, columnType } from './column-type.ts';

/** Digits of the whole types, and the binary numbers that hold them all. */
const wholeDigits: Readonly<Partial<Record<ColumnType['kind'], number>>> = { smallint: 5, integer: 10, bigint: 19 };
const exactIn: Readonly<Partial<Record<ColumnType['kind'], readonly ColumnType['kind'][]>>> = {
  smallint: ['real', 'double'],
  integer: ['double'],
  real: ['double'],
};

/**
 * Whether a column of one type holds every value of another, and gives each back with the meaning that it was written
 * with: then a contract that declares the narrower one can be kept.
 */
export function holdsType(column: ColumnType, declared: ColumnType): boolean {
  if (column.kind === 'text' || (column.kind === 'varchar' && column.length === undefined)) return true;
  if (exactIn[declared.kind]?.includes(column.kind) === true) return true;
  const whole = wholeDigits[declared.kind];
  if (whole !== undefined) {
    return column.kind === 'numeric'
      ? (column.precision ?? 18) - (column.scale ?? 0) >= whole
      : (wholeDigits[column.kind] ?? 0) >= whole;
  }
  if (column.kind !== declared.kind) return column.kind === 'timestamp' && declared.kind === 'date';
  switch (column.kind) {
    case 'numeric': {
      const [scale, wanted] = [column.scale ?? 0, declared.scale ?? 0];
      return scale >= wanted && (column.precision ?? 18) - scale >= (declared.precision ?? 18) - wanted;
    }
    case 'varchar':
      return (column.length ?? Number.POSITIVE_INFINITY) >= (declared.length ?? Number.POSITIVE_INFINITY);
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return (column.fraction ?? 6) >= (declared.fraction ?? 6);
    case 'other':
      return column.pg === declared.pg;
    default:
      return true;
  }
}

/** The declared type, where it takes other values than the one that the column has. */
export function otherType(declared: string | undefined, type: ColumnType): ColumnType | undefined {
  if (declared === undefined) return undefined;
  const wanted = columnType(declared);
  const taken = (one: ColumnType): string => JSON.stringify({ ...one, pg: undefined });
  return taken(wanted) === taken(type) ? undefined : wanted;
}
