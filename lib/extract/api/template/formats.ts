import type { Placeholder } from '../../../config/template.ts';
import type { FormatName } from '../../../config/template-words.ts';
import { cursorFormat, floorDivide } from '../../incremental/cursor-format.ts';
import { isoText } from '../../incremental/cursor-value.ts';
import { scalarText } from '../json-value.ts';
import { RawJson } from '../raw-json.ts';
import { TemplateValueError } from './template-errors.ts';
import type { TemplateValue } from './template-value.ts';

type Time = Extract<TemplateValue, { kind: 'time' }>;

const nanosecondsOfDay = 86_400_000_000_000n;

/** Times of which no more is written than a unit, which must not leave rows out. */
function rounded({ nanoseconds, rounding }: Time, unit: bigint): bigint {
  const down = floorDivide(nanoseconds, unit) * unit;
  return rounding === 'down' || down === nanoseconds ? down : down + unit;
}

type WriteTime = (time: Time) => string;

/** As JSON. */
const times: Readonly<Record<Extract<FormatName, 'iso8601' | 'date' | `epoch_${string}` | 'http_date'>, WriteTime>> = {
  iso8601: (time) => JSON.stringify(isoText(rounded(time, 10n ** BigInt(9 - time.digits)), time.digits)),
  date: (time) => JSON.stringify(isoText(rounded(time, nanosecondsOfDay), 0).slice(0, 10)),
  epoch_seconds: (time) => String(rounded(time, 1_000_000_000n) / 1_000_000_000n),
  epoch_milliseconds: (time) => String(rounded(time, 1_000_000n) / 1_000_000n),
  http_date: (time) => JSON.stringify(cursorFormat('http_date')?.write(rounded(time, 1_000_000_000n), 'UTC') ?? ''),
};

type WritePlain = (json: string, shown: string) => string;

/** Formats of any value, from JSON to JSON. */
const plains: Readonly<Record<Exclude<FormatName, keyof typeof times>, WritePlain>> = {
  number: (json, shown) => {
    const text = scalarText(json)?.trim() ?? '';
    if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) throw new TemplateValueError(shown, 'is no number');
    return text;
  },
  text: (json) => JSON.stringify(scalarText(json) ?? json),
  json: (json) => JSON.stringify(json),
  single_quoted: (json) => JSON.stringify(`'${(scalarText(json) ?? json).replaceAll("'", "''")}'`),
  backslash_quoted: (json) => JSON.stringify(`'${(scalarText(json) ?? json).replace(/[\\']/g, '\\$&')}'`),
};

/**
 * A value as a placeholder wants it written, as JSON.
 *
 * @throws {TemplateValueError} when it cannot be written so
 */
export function written(value: Exclude<TemplateValue, { kind: 'list' }>, placeholder: Placeholder): RawJson {
  const { format, text } = placeholder;
  if (format === undefined) return new RawJson(plainOf(value));
  if (typeof format === 'object') {
    if (value.kind !== 'time') throw new TemplateValueError(text, 'is no time');
    const pattern = cursorFormat(format.directives);
    return new RawJson(JSON.stringify(pattern?.write(value.nanoseconds, value.zone) ?? ''));
  }
  if (format in times) {
    if (value.kind !== 'time') throw new TemplateValueError(text, 'is no time; set incremental.cursor_format');
    return new RawJson(times[format as keyof typeof times](value));
  }
  return new RawJson(plains[format as keyof typeof plains](plainOf(value), text));
}

function plainOf(value: Exclude<TemplateValue, { kind: 'list' }>): string {
  if (value.kind === 'plain') return value.json;
  const { numeric, text } = value.written();
  return numeric ? text : JSON.stringify(text);
}
