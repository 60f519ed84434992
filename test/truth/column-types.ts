import { textOf } from './scenario.ts';

/** A column's type, as far as it decides what the column may hold. */
export interface ModelType {
  readonly kind:
    | 'bigint'
    | 'integer'
    | 'numeric'
    | 'double precision'
    | 'boolean'
    | 'date'
    | 'timestamp'
    | 'timestamptz'
    | 'uuid'
    | 'jsonb'
    | 'text';
  /** Digits behind the point that a numeric keeps. */
  readonly scale?: number;
  /** Digits of a numeric in all. */
  readonly precision?: number;
  /** Most characters of a text. */
  readonly length?: number;
}

const wholeForm = /^(?:0|-?[1-9]\d*)$/;
const decimalForm = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
const numberForm = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const dateForm = /^\d{4}-\d\d-\d\d$/;
const timestampForm = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.(\d+))?$/;
const timestamptzForm = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d(?::?\d\d)?)$/;
const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The narrowest type that gives back every value as it is written; undefined where no row has one. */
export function typeOfValues(cells: readonly string[]): ModelType | undefined {
  if (cells.length === 0) return undefined;
  if (cells.some(isNested)) return { kind: 'jsonb' };
  const texts = cells.map(textOf);
  const scale = Math.max(...texts.map((text) => (text.split('.')[1] ?? '').length));
  const narrow: readonly ModelType[] = [
    { kind: 'boolean' },
    { kind: 'bigint' },
    { kind: 'numeric', precision: 38, scale },
    { kind: 'double precision' },
    { kind: 'date' },
    { kind: 'timestamp' },
    { kind: 'timestamptz' },
    { kind: 'uuid' },
  ];
  return narrow.find((type) => cells.every((cell) => fits(type, cell))) ?? { kind: 'text' };
}

/** Whether a column of the type gives the value back as it is written. */
export function fits(type: ModelType, cell: string): boolean {
  const text = textOf(cell);
  switch (type.kind) {
    case 'bigint':
      return wholeForm.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
    case 'integer':
      return wholeForm.test(text) && BigInt.asIntN(32, BigInt(text)) === BigInt(text);
    case 'numeric': {
      if (!decimalForm.test(text)) return false;
      const [whole = '', fraction = ''] = text.replace('-', '').split('.');
      const { precision = 38, scale = 0 } = type;
      return fraction.replace(/0+$/, '').length <= scale && whole.replace(/^0+/, '').length <= precision - scale;
    }
    case 'double precision':
      return text === 'NaN' || (numberForm.test(text) && digitsOf(text) === digitsOf(String(Number(text))));
    case 'boolean':
      return text === 'true' || text === 'false';
    case 'date':
      return dateForm.test(text) && isDay(text);
    case 'timestamp': {
      const found = timestampForm.exec(text);
      return found !== null && isDay(text.slice(0, 10)) && microsecondsEnough(found[1]);
    }
    case 'timestamptz': {
      const found = timestamptzForm.exec(text);
      return found !== null && isDay(text.slice(0, 10)) && microsecondsEnough(found[3]);
    }
    case 'uuid':
      return uuidForm.test(text);
    case 'jsonb':
      return isNested(cell);
    case 'text':
      return type.length === undefined || [...text].length <= type.length;
  }
}

/** One writing for all texts of the same value: of the source's, and of the database's. */
export function canonical(type: ModelType, text: string): string {
  switch (type.kind) {
    case 'numeric':
      return text.includes('.') ? text.replace(/\.?0+$/, '').replace(/^-0$/, '0') : text;
    case 'double precision':
      return String(Number(text));
    case 'timestamp':
      return text.replace('T', ' ').replace(/\.(\d*?)0+$/, (_, digits: string) => (digits === '' ? '' : `.${digits}`));
    case 'timestamptz':
      return microsecondsOf(text);
    case 'jsonb':
      return JSON.stringify(sorted(JSON.parse(text)));
    default:
      return text;
  }
}

/** The type of a column of somebody else's table. */
export function declaredType(pg: string): ModelType {
  const [, precision, scale] = /^numeric\((\d+),(\d+)\)$/.exec(pg) ?? [];
  if (precision !== undefined) return { kind: 'numeric', precision: Number(precision), scale: Number(scale) };
  const length = /^(?:varchar|char)\((\d+)\)$/.exec(pg)?.[1];
  if (length !== undefined) return { kind: 'text', length: Number(length) };
  for (const kind of ['bigint', 'integer', 'double precision', 'date', 'timestamp', 'text'] as const) {
    if (kind === pg) return { kind };
  }
  throw new Error(`The model knows no type ${pg}.`);
}

function isNested(cell: string): boolean {
  return cell.startsWith('{') || cell.startsWith('[');
}

function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function microsecondsEnough(fraction = ''): boolean {
  return fraction.replace(/0+$/, '').length <= 6;
}

/** Significant digits, without zeros at either end. */
function digitsOf(text: string): string {
  return text
    .replace(/[eE].*$/, '')
    .replace(/\D/g, '')
    .replace(/^0+|0+$/g, '');
}

/** Microseconds since 1970. */
function microsecondsOf(text: string): string {
  const [, day = '', time = '', fraction = '', zone = ''] = timestamptzForm.exec(text) ?? [];
  const offset = zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.replace(':', '').slice(3, 5).padEnd(2, '0')}`;
  const seconds = Date.parse(`${day}T${time}${offset}`) / 1_000;
  return String(BigInt(seconds) * 1_000_000n + BigInt(fraction.slice(0, 6).padEnd(6, '0')));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
