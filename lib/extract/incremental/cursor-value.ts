import type { IncrementalSettings } from '../../config/source-incremental.ts';
import type { Watermark } from '../../manifest.ts';
import { type CursorFormat, cursorFormat, floorDivide, writtenOffset } from './cursor-format.ts';
import { instantOf, zoneOffset } from './time-zone.ts';

export type CursorType = Watermark['type'];

/** What the values of a cursor column are. */
export interface CursorKind {
  /** Undefined: what the first value looks like, a number or an ISO 8601 time. */
  readonly type: CursorType | undefined;
  /** Of times; undefined: ISO 8601. */
  readonly format: CursorFormat | undefined;
  /** The time zone of times that have none, as IANA names it. */
  readonly zone: string;
}

/** Numbers and ISO 8601 times, those without a zone in UTC. */
export const plainKind: CursorKind = { type: undefined, format: undefined, zone: 'UTC' };

/** What the configuration says of a cursor column. */
export function cursorKind(settings: IncrementalSettings): CursorKind {
  const { cursor_format: format, cursor_timezone: zone, cursor_type: type } = settings;
  return {
    type: type ?? (format === undefined ? undefined : 'timestamp'),
    format: format === undefined ? undefined : cursorFormat(format),
    zone,
  };
}

/** A value of the cursor column that can be compared exactly. */
export interface CursorValue {
  readonly type: CursorType;
  /** As the source wrote it; of a text without its quotes. */
  readonly text: string;
  /** It was written as a text, in quotes. */
  readonly quoted: boolean;
  /** Of a number: scaled by 10^18. Of a timestamp: nanoseconds since 1970. Of a text: itself. */
  readonly order: bigint | string;
}

const fractionDigits = 18;
const number = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;
const timestamp =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9})\d*)?)?\s*(Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?$/;

/**
 * Reads a value of the cursor column from its JSON text.
 *
 * @returns  undefined where it is absent, null, blank, an object, or not of the kind
 */
export function cursorValue(json: string | undefined, kind: CursorKind): CursorValue | undefined {
  if (json === undefined || /^(null|true|false|\{|\[)/.test(json)) return undefined;
  if (!json.startsWith('"')) return cursorValueOf(json, kind, false);
  return cursorValueOf(JSON.parse(json) as string, kind, true);
}

/** Reads a value from its characters, e.g. of the configuration, the command line or a watermark. */
export function cursorValueOf(text: string, kind: CursorKind = plainKind, quoted = true): CursorValue | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const { format, type, zone } = kind;
  if (type === 'text') return { type, text, quoted, order: text };
  if (format !== undefined) {
    // Bounds of the configuration and the command line may be written as ISO 8601 whatever the source writes.
    const order = format.read(trimmed, zone) ?? isoNanoseconds(trimmed, zone);
    return order === undefined ? undefined : { type: 'timestamp', text: trimmed, quoted, order };
  }
  const scaled = type === 'timestamp' ? undefined : scaledNumber(trimmed);
  if (scaled !== undefined) return { type: 'number', text: trimmed, quoted, order: scaled };
  const order = type === 'number' ? undefined : isoNanoseconds(trimmed, zone);
  return order === undefined ? undefined : { type: 'timestamp', text: trimmed, quoted, order };
}

/** Negative, zero or positive, as `a` comes before, with or after `b`. Both must be of one type. */
export function compareCursors(a: CursorValue, b: CursorValue): number {
  return a.order < b.order ? -1 : a.order > b.order ? 1 : 0;
}

/** The value `amount` before: units of a number, seconds of a timestamp. */
export function earlier(value: CursorValue, amount: number, kind: CursorKind): CursorValue {
  if (typeof value.order === 'string' || amount === 0) return value;
  if (value.type === 'number') {
    const order = value.order - (scaledNumber(String(amount)) ?? 0n);
    return { ...value, order, text: numberText(order) };
  }
  const order = value.order - BigInt(Math.round(amount * 1e9));
  return { ...value, order, text: timestampText(order, value.text, kind) };
}

function scaledNumber(text: string): bigint | undefined {
  const match = number.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '0', fraction = '', exponent = '0'] = match;
  const shift = fractionDigits - fraction.length + Number(exponent);
  const digits = BigInt(whole + fraction);
  const scaled = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
  return sign === '-' ? -scaled : scaled;
}

function numberText(order: bigint): string {
  const digits = (order < 0n ? -order : order).toString().padStart(fractionDigits + 1, '0');
  const fraction = digits.slice(-fractionDigits).replace(/0+$/, '');
  return `${order < 0n ? '-' : ''}${digits.slice(0, -fractionDigits)}${fraction === '' ? '' : `.${fraction}`}`;
}

function isoNanoseconds(text: string, zone: string): bigint | undefined {
  const match = timestamp.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', written] = match;
  const back = new Date(0);
  // Date.UTC takes the years 0 to 99 for those of the 20th century.
  back.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const wall = back.setUTCHours(Number(hour), Number(minute), Number(second));
  if (back.getUTCMonth() !== Number(month) - 1 || back.getUTCDate() !== Number(day) + Math.floor(Number(hour) / 24)) {
    return undefined;
  }
  const utc = written === undefined ? instantOf(wall, zone) : wall - writtenOffset(written);
  return BigInt(utc) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/**
 * An instant as the model is written: in its format; else as a date where the model is one, with as many digits of the
 * second as the model has, and without a zone where the model has none.
 */
export function timestampText(nanoseconds: bigint, model: string, { format, zone }: CursorKind): string {
  if (format?.read(model, zone) !== undefined) return format.write(nanoseconds, zone);
  const isDate = isDateText(model);
  const zoneless = isDate || (timestamp.test(model) && timestamp.exec(model)?.[8] === undefined);
  const ms = Number(floorDivide(nanoseconds, 1_000_000n));
  const iso = new Date(zoneless ? ms + zoneOffset(zone, ms) : ms).toISOString();
  if (isDate) return iso.slice(0, 10);
  const digits = /[.,](\d{1,9})/.exec(model)?.[1]?.length ?? 0;
  const within = (((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n).toString().padStart(9, '0');
  const text = `${iso.slice(0, 10)}${/^\d{4}-\d{2}-\d{2} \d/.test(model) && zoneless ? ' ' : 'T'}${iso.slice(11, 19)}`;
  return `${text}${digits === 0 ? '' : `.${within.slice(0, digits)}`}${zoneless ? '' : 'Z'}`;
}

/** In UTC, as ISO 8601 with a zone. */
export function isoText(nanoseconds: bigint, digits: number): string {
  const model = `2000-01-01T00:00:00${digits === 0 ? '' : `.${'0'.repeat(digits)}`}Z`;
  return timestampText(nanoseconds, model, plainKind);
}

export function isDateText(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text);
}
