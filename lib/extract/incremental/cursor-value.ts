import type { Watermark } from '../../manifest.ts';

export type CursorType = Watermark['type'];

/** A value of the cursor column that can be compared exactly. */
export interface CursorValue {
  readonly type: CursorType;
  /** As the source wrote it; of a text without its quotes. */
  readonly text: string;
  /** Of a number: scaled by 10^18. Of a timestamp: nanoseconds since 1970. Of a text: itself. */
  readonly order: bigint | string;
}

const fractionDigits = 18;
const number = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;
const timestamp =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9})\d*)?)?\s*(Z|z|[+-]\d{2}(?::?\d{2})?)?)?$/;

/**
 * Reads a value of the cursor column from its JSON text.
 *
 * @param type  undefined: what the value looks like: a number, an ISO 8601 date or time, else a text
 * @returns     undefined where it is absent, null, blank, an object, or not of the type
 */
export function cursorValue(json: string | undefined, type: CursorType | undefined): CursorValue | undefined {
  if (json === undefined || /^(null|true|false|\{|\[)/.test(json)) return undefined;
  return cursorValueOf(json.startsWith('"') ? (JSON.parse(json) as string) : json, type);
}

/** Reads a value from its characters, e.g. of the configuration, the command line or a watermark. */
export function cursorValueOf(text: string, type: CursorType | undefined): CursorValue | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  if (type === 'text') return { type, text, order: text };
  const scaled = type === 'timestamp' ? undefined : scaledNumber(trimmed);
  if (scaled !== undefined) return { type: 'number', text: trimmed, order: scaled };
  const nanoseconds = type === 'number' ? undefined : epochNanoseconds(trimmed);
  if (nanoseconds !== undefined) return { type: 'timestamp', text: trimmed, order: nanoseconds };
  return type === undefined ? { type: 'text', text, order: text } : undefined;
}

/** Negative, zero or positive, as `a` comes before, with or after `b`. Both must be of one type. */
export function compareCursors(a: CursorValue, b: CursorValue): number {
  return a.order < b.order ? -1 : a.order > b.order ? 1 : 0;
}

/** The value `amount` before: units of a number, seconds of a timestamp. */
export function earlier(value: CursorValue, amount: number): CursorValue {
  if (typeof value.order === 'string' || amount === 0) return value;
  if (value.type === 'number') {
    const order = value.order - (scaledNumber(String(amount)) ?? 0n);
    return { type: 'number', order, text: numberText(order) };
  }
  const order = value.order - BigInt(Math.round(amount * 1e9));
  return { type: 'timestamp', order, text: timestampText(order, value.text) };
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

/** A timestamp without a zone counts as UTC. */
function epochNanoseconds(text: string): bigint | undefined {
  const match = timestamp.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = match;
  const utc = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const back = new Date(utc);
  if (back.getUTCMonth() !== Number(month) - 1 || back.getUTCDate() !== Number(day) + Math.floor(Number(hour) / 24)) {
    return undefined;
  }
  return (BigInt(utc) - BigInt(zoneMinutes(zone) * 60_000)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

function zoneMinutes(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0;
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

/** In UTC, with as many digits of the second as the model has, and as a date where the model is one. */
export function timestampText(nanoseconds: bigint, model: string): string {
  const floor = nanoseconds >= 0n ? nanoseconds / 1_000_000n : -((-nanoseconds + 999_999n) / 1_000_000n);
  const iso = new Date(Number(floor)).toISOString();
  if (/^\d{4}-\d{2}-\d{2}$/.test(model)) return iso.slice(0, 10);
  const digits = /[.,](\d{1,9})/.exec(model)?.[1]?.length ?? 0;
  const within = (((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n).toString().padStart(9, '0');
  return `${iso.slice(0, 19)}${digits === 0 ? '' : `.${within.slice(0, digits)}`}Z`;
}
