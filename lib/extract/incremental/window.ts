import { shiftFromNow } from '../../config/duration.ts';
import type { IncrementalSettings } from '../../config/source-incremental.ts';
import type { ParentMark } from '../../manifest.ts';
import type { ExtractRange } from '../request.ts';
import { floorDivide } from './cursor-format.ts';
import {
  type CursorKind,
  type CursorValue,
  cursorKind,
  cursorValueOf,
  earlier,
  isDateText,
  isoText,
  timestampText,
} from './cursor-value.ts';
import { CursorMeaningUnknownError, CursorUnitUnknownError, InvalidCursorValueError } from './errors.ts';
import { markValue } from './progress.ts';

/** A bound as the API wants it. */
export interface BoundParameter {
  readonly text: string;
  /** It is a number in a body of JSON. */
  readonly numeric: boolean;
}

/** Where a request begins or ends. */
export interface Bound {
  readonly value: CursorValue;
  /** A coarser way of writing it must not leave rows out: down for a beginning, up for an end. */
  readonly rounding: 'down' | 'up';
  /**
   * As the configuration's `param_format` says.
   *
   * @throws {CursorUnitUnknownError} when it has to be written as a time and is a number
   */
  readonly written: () => BoundParameter;
}

/** Which rows of a source are wanted. */
export interface Window {
  /** What the values are; with its type as soon as that is known. */
  readonly kind: CursorKind;
  /** Rows before this are not wanted. */
  readonly from: CursorValue | undefined;
  /** Rows from this on are not wanted. */
  readonly to: CursorValue | undefined;
  /** The last run's newest value, where this run goes on from it. Rows that equal it may be loaded already. */
  readonly watermark: CursorValue | undefined;
  /** Rows after this, in nanoseconds since 1970, were ahead of time in the last run and may be loaded already. */
  readonly aheadOf: bigint | undefined;
  readonly start: Bound | undefined;
  readonly end: Bound | undefined;
}

/** A second before an exclusive bound, so that APIs which count whole seconds still return the rows that equal it. */
const exclusiveStep = 1;
const secondsOfDay = 86_400;

/**
 * What an incremental extraction asks for: from the last mark, or the initial value, or the range of a backfill.
 *
 * @throws {InvalidCursorValueError} when a bound is not of the column's type
 * @throws {CursorMeaningUnknownError} when the last mark is a text and the configuration does not say that texts are meant
 */
export function windowOf(
  settings: IncrementalSettings,
  pipeline: string,
  last: ParentMark | undefined,
  range: ExtractRange | undefined,
  now: Date,
): Window {
  const kind = cursorKind(settings);
  const writer = new BoundWriter(settings, kind, pipeline);
  const { initial_value: initial } = settings;
  const model = last === undefined || last.value === '' ? String(initial ?? '') : last.value;
  const end = endOf(settings, now);
  const ending = end === undefined ? undefined : timeValue(end, 'up', model, kind);
  if (range !== undefined) {
    const isSliced = settings.window !== undefined;
    const beginning = isSliced ? bound(initial, kind, 'incremental.initial_value') : undefined;
    const from = bound(range.from, kind, '--from') ?? beginning;
    const to = bound(range.to, kind, '--to') ?? (isSliced ? ending : undefined);
    const type = kind.type ?? from?.type ?? to?.type;
    return windowFrom({ ...kind, type }, { from, to }, { start: writer.start(from), end: writer.end(to) });
  }
  const ahead = last?.ahead_of === undefined ? undefined : cursorValueOf(last.ahead_of)?.order;
  const aheadOf = typeof ahead === 'bigint' ? ahead : undefined;
  if (last === undefined || last.value === '') {
    const from = bound(initial, kind, 'incremental.initial_value');
    const typed = { ...kind, type: kind.type ?? from?.type ?? ending?.type };
    return windowFrom(typed, { from, to: ending, aheadOf }, { start: writer.start(from), end: writer.end(ending) });
  }
  const newest = lastValue(last, kind, pipeline, settings.cursor_column);
  const from = earlier(newest, settings.lag, kind);
  const exact = settings.lag === 0 ? newest : undefined;
  const typed = { ...kind, type: newest.type };
  const bounds = { from, to: ending, watermark: exact, aheadOf };
  return windowFrom(typed, bounds, { start: writer.start(from), end: writer.end(ending) });
}

/**
 * Where reading ends, in nanoseconds since 1970, by whole seconds; undefined where the configuration does not say so.
 *
 * @param now  when the extraction began
 */
export function endOf({ end, window }: IncrementalSettings, now: Date): bigint | undefined {
  if (end === undefined && window === undefined) return undefined;
  const shift = shiftFromNow(end ?? 'now') ?? 0;
  return BigInt(Math.floor(now.getTime() / 1_000) + shift) * 1_000_000_000n;
}

/**
 * A part of a window.
 *
 * @param from   nanoseconds since 1970
 * @param to     where rows are no longer wanted
 * @param asked  where the request ends
 */
export function sliceOf(
  whole: Window,
  settings: IncrementalSettings,
  pipeline: string,
  { asked, from, to }: { readonly from: bigint; readonly to: bigint; readonly asked: bigint },
): Window {
  const writer = new BoundWriter(settings, whole.kind, pipeline);
  const model = whole.from?.text ?? '';
  const first = timeValue(from, 'down', model, whole.kind);
  return {
    ...whole,
    from: first,
    to: timeValue(to, 'up', model, whole.kind),
    start: writer.start(first),
    end: writer.end(timeValue(asked, 'up', model, whole.kind)),
  };
}

const secondNanoseconds = 1_000_000_000n;

/** An instant written like the model; what is coarser than the instant leaves nothing out. */
function timeValue(order: bigint, rounding: Bound['rounding'], model: string, kind: CursorKind): CursorValue {
  const known = model === '' ? undefined : cursorValueOf(model, kind);
  if (known === undefined) return { type: 'timestamp', text: isoText(order, 0), quoted: true, order };
  const down = timestampText(order, model, kind);
  const isExact = rounding === 'down' || cursorValueOf(down, kind)?.order === order;
  const isDays = kind.format?.days === true || isDateText(model);
  const unit = isDays ? BigInt(secondsOfDay) * secondNanoseconds : secondNanoseconds;
  const text = isExact ? down : timestampText(order + unit, model, kind);
  return { type: 'timestamp', text, quoted: known.quoted, order };
}

function windowFrom(
  kind: CursorKind,
  bounds: Partial<Pick<Window, 'from' | 'to' | 'watermark' | 'aheadOf'>>,
  parameters: Partial<Pick<Window, 'start' | 'end'>>,
): Window {
  const none = { from: undefined, to: undefined, watermark: undefined, aheadOf: undefined };
  return { kind, ...none, ...bounds, start: parameters.start, end: parameters.end };
}

/** The value of the last mark, of the kind that the configuration says now. */
function lastValue(last: ParentMark, kind: CursorKind, pipeline: string, column: string): CursorValue {
  if (last.type === 'text' && kind.type === undefined) {
    throw new CursorMeaningUnknownError(pipeline, column, 'a text in the watermark of the last run');
  }
  const value =
    kind.type === undefined
      ? markValue(last, kind)
      : cursorValueOf(last.value, kind, last.quoted ?? last.type !== 'number');
  if (value === undefined) {
    throw new InvalidCursorValueError('the stored watermark', last.value, kind.type ?? last.type);
  }
  return value;
}

function bound(text: string | number | undefined, kind: CursorKind, place: string): CursorValue | undefined {
  if (text === undefined) return undefined;
  // What comes from the command line is text whatever it means.
  const quoted = place.startsWith('--') ? kind.type === 'text' : typeof text === 'string';
  const value = cursorValueOf(String(text), kind, quoted);
  if (value === undefined) throw new InvalidCursorValueError(place, String(text), kind.type ?? 'number or timestamp');
  return value;
}

const nanosecondsOf = {
  iso8601: 1n,
  date: 86_400_000_000_000n,
  epoch_seconds: 1_000_000_000n,
  epoch_milliseconds: 1_000_000n,
};

/** Writes bounds as the API wants them. */
class BoundWriter {
  readonly #settings: IncrementalSettings;
  readonly #kind: CursorKind;
  readonly #pipeline: string;

  constructor(settings: IncrementalSettings, kind: CursorKind, pipeline: string) {
    this.#settings = settings;
    this.#kind = kind;
    this.#pipeline = pipeline;
  }

  /** Exclusive lower bounds begin a step earlier: rows that equal the bound must come, or late ones among them are lost. */
  start(value: CursorValue | undefined): Bound | undefined {
    if (value === undefined) return undefined;
    if (this.#settings.start_bound === 'inclusive') return this.#bound(value, 'down');
    const days = this.#settings.param_format === 'date' || this.#isDate(value);
    const step = value.type === 'number' ? 1 : days ? secondsOfDay : exclusiveStep;
    return this.#bound(earlier(value, step, this.#kind), 'down');
  }

  end(value: CursorValue | undefined): Bound | undefined {
    return value === undefined ? undefined : this.#bound(value, 'up');
  }

  #bound(value: CursorValue, rounding: Bound['rounding']): Bound {
    return { value, rounding, written: () => this.#written(value, rounding) };
  }

  #isDate({ text, type }: CursorValue): boolean {
    return type === 'timestamp' && (this.#kind.format?.days === true || isDateText(text));
  }

  #written(value: CursorValue, rounding: 'down' | 'up'): BoundParameter {
    const { cursor_column: column, param_format: format } = this.#settings;
    if (format === 'as_is' || typeof value.order === 'string') return this.#asIs(value);
    if (value.type === 'number') throw new CursorUnitUnknownError(this.#pipeline, column, format);
    const unit = nanosecondsOf[format];
    const down = floorDivide(value.order, unit) * unit;
    const rounded = rounding === 'down' || down === value.order ? down : down + unit;
    switch (format) {
      case 'iso8601':
        return { text: isoText(rounded, fractionDigits(value.text)), numeric: false };
      case 'date':
        return { text: isoText(rounded, 0).slice(0, 10), numeric: false };
      case 'epoch_seconds':
      case 'epoch_milliseconds':
        return { text: String(rounded / unit), numeric: true };
    }
  }

  #asIs(value: CursorValue): BoundParameter {
    // A bound of the configuration may be written in ISO 8601 though the column is not.
    const { format, zone } = this.#kind;
    const other =
      format !== undefined && typeof value.order === 'bigint' && format.read(value.text, zone) === undefined;
    const text = other && typeof value.order === 'bigint' ? format.write(value.order, zone) : value.text;
    const isNumber = value.type === 'number' || format?.numeric === true;
    return {
      text,
      numeric: isNumber && (!value.quoted || other) && /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text),
    };
  }
}

function fractionDigits(text: string): number {
  return /:\d{2}[.,](\d{1,9})/.exec(text)?.[1]?.length ?? 0;
}
