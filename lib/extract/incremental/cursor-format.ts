import { type NamedCursorFormat, namedCursorFormats } from '../../config/cursor-format.ts';
import { instantOf, zoneOffset } from './time-zone.ts';

/** Reads and writes times of one format. Instants are nanoseconds since 1970. */
export interface CursorFormat {
  /** Undefined where the text has not the format, or is no time. */
  readonly read: (text: string, zone: string) => bigint | undefined;
  readonly write: (nanoseconds: bigint, zone: string) => string;
  /** Its times are whole days. */
  readonly days: boolean;
  /** As JSON it is a number where the source writes it as one. */
  readonly numeric: boolean;
}

const months = 'January February March April May June July August September October November December'.split(' ');
const weekdays = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

const named: Readonly<Record<Exclude<NamedCursorFormat, 'iso8601'>, CursorFormat>> = {
  http_date: {
    read: (text) =>
      readDirectives('%a, %d %b %Y %H:%M:%S %Z', text, 'UTC') ?? readDirectives('%d %b %Y %H:%M:%S %Z', text, 'UTC'),
    write: (nanoseconds) => new Date(Number(floorDivide(nanoseconds, 1_000_000n))).toUTCString(),
    days: false,
    numeric: false,
  },
  epoch_seconds: epoch(9),
  epoch_milliseconds: epoch(6),
  json_date: {
    read: (text) => {
      const ms = /^\\?\/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\\?\/$/.exec(text)?.[1];
      return ms === undefined ? undefined : BigInt(ms) * 1_000_000n;
    },
    write: (nanoseconds) => `/Date(${floorDivide(nanoseconds, 1_000_000n)})/`,
    days: false,
    numeric: false,
  },
};

/** The format of a configured name or of strptime's directives; undefined for ISO 8601, which is read anyway. */
export function cursorFormat(text: string): CursorFormat | undefined {
  if (text === 'iso8601') return undefined;
  const name = namedCursorFormats.find((one) => one === text);
  if (name !== undefined && name !== 'iso8601') return named[name];
  return {
    read: (value, zone) => readDirectives(text, value, zone),
    write: (nanoseconds, zone) => writeDirectives(text, nanoseconds, zone),
    days: !/%[HIMSfp]/.test(text),
    numeric: false,
  };
}

/** Whole units and fractions since 1970, as decimal text. */
function epoch(digits: number): CursorFormat {
  return {
    read: (text) => {
      const [, sign = '', whole, fraction = ''] = /^(-?)(\d{1,20})(?:\.(\d+))?$/.exec(text) ?? [];
      if (whole === undefined) return undefined;
      const value = BigInt(whole + fraction.slice(0, digits).padEnd(digits, '0'));
      return sign === '-' ? -value : value;
    },
    write: (nanoseconds) => {
      const unit = 10n ** BigInt(digits);
      const whole = floorDivide(nanoseconds, unit);
      const fraction = (nanoseconds - whole * unit).toString().padStart(digits, '0').replace(/0+$/, '');
      return fraction === '' ? String(whole) : `${whole}.${fraction}`;
    },
    days: false,
    numeric: true,
  };
}

const patterns: Readonly<Record<string, string>> = {
  Y: '(\\d{4})',
  y: '(\\d{2})',
  m: '(\\d{1,2})',
  d: '(\\d{1,2})',
  e: '\\s?(\\d{1,2})',
  H: '(\\d{1,2})',
  I: '(\\d{1,2})',
  M: '(\\d{1,2})',
  S: '(\\d{1,2})',
  f: '(\\d{1,9})',
  p: '([AaPp]\\.?[Mm]\\.?)',
  b: `(${months.map((month) => month.slice(0, 3)).join('|')})`,
  B: `(${months.join('|')})`,
  a: `(${weekdays.map((day) => day.slice(0, 3)).join('|')})`,
  A: `(${weekdays.join('|')})`,
  z: '(Z|[+-]\\d{2}:?\\d{2})',
  Z: '(UTC|GMT|Z|[+-]\\d{2}:?\\d{2})',
};
const compiled = new Map<string, { readonly pattern: RegExp; readonly names: readonly string[] }>();

function compile(format: string) {
  const known = compiled.get(format);
  if (known !== undefined) return known;
  const names: string[] = [];
  const pattern = format.replace(
    /%(.)|([^%A-Za-z0-9\s])|(\s+)/g,
    (_all, directive?: string, mark?: string, blank?: string) => {
      if (blank !== undefined) return '\\s+';
      if (mark !== undefined) return `\\${mark}`;
      if (directive === undefined || directive === '%') return '%';
      names.push(directive);
      return patterns[directive] ?? '';
    },
  );
  const made = { pattern: new RegExp(`^\\s*${pattern}\\s*$`, 'i'), names };
  compiled.set(format, made);
  return made;
}

function readDirectives(format: string, text: string, zone: string): bigint | undefined {
  const { names, pattern } = compile(format);
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const found = new Map(names.map((name, index) => [name, match[index + 1] ?? '']));
  const number = (...keys: readonly string[]): number =>
    Number(keys.map((key) => found.get(key)).find((one) => one !== undefined) ?? 0);
  const monthName = (found.get('b') ?? found.get('B'))?.slice(0, 3).toLowerCase();
  const month =
    monthName === undefined ? number('m') : months.findIndex((one) => one.slice(0, 3).toLowerCase() === monthName) + 1;
  const short = found.get('y');
  // POSIX: 69 to 99 are of the 20th century.
  const year = short === undefined ? number('Y') : Number(short) + (Number(short) >= 69 ? 1900 : 2000);
  const half = found.get('p')?.toLowerCase();
  const clock = found.get('I');
  const hour = clock === undefined ? number('H') : (Number(clock) % 12) + (half?.startsWith('p') === true ? 12 : 0);
  const day = number('d', 'e');
  const [minute, second] = [number('M'), number('S')];
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const wall = date.getTime() + ((hour * 60 + minute) * 60 + second) * 1_000;
  const written = found.get('z') ?? found.get('Z');
  const utc = written === undefined ? instantOf(wall, zone) : wall - writtenOffset(written);
  return BigInt(utc) * 1_000_000n + BigInt((found.get('f') ?? '').padEnd(9, '0'));
}

/** The offset of a zone as it is written, in milliseconds. */
export function writtenOffset(zone: string): number {
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

function writeDirectives(format: string, nanoseconds: bigint, zone: string): string {
  const ms = Number(floorDivide(nanoseconds, 1_000_000n));
  const offset = /%[zZ]/.test(format) ? 0 : zoneOffset(zone, ms);
  const wall = new Date(ms + offset);
  const two = (value: number): string => String(value).padStart(2, '0');
  const year = String(wall.getUTCFullYear()).padStart(4, '0');
  const month = months[wall.getUTCMonth()] ?? '';
  const weekday = weekdays[wall.getUTCDay()] ?? '';
  const within = (((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n).toString().padStart(9, '0');
  const written: Readonly<Record<string, string>> = {
    Y: year,
    y: year.slice(-2),
    m: two(wall.getUTCMonth() + 1),
    d: two(wall.getUTCDate()),
    e: String(wall.getUTCDate()).padStart(2, ' '),
    H: two(wall.getUTCHours()),
    I: two(wall.getUTCHours() % 12 || 12),
    M: two(wall.getUTCMinutes()),
    S: two(wall.getUTCSeconds()),
    f: within.slice(0, 6),
    p: wall.getUTCHours() < 12 ? 'AM' : 'PM',
    b: month.slice(0, 3),
    B: month,
    a: weekday.slice(0, 3),
    A: weekday,
    z: '+0000',
    Z: 'UTC',
    '%': '%',
  };
  return format.replace(/%(.)/g, (_all, directive: string) => written[directive] ?? '');
}

/** Rounded down, also below zero. */
export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by !== 0n && value < 0n !== by < 0n ? quotient - 1n : quotient;
}
