import { z } from 'zod';
import { durationSeconds } from '../../config/duration.ts';
import type { IncrementalSettings } from '../../config/source-incremental.ts';
import { floorDivide } from './cursor-format.ts';
import { isDateText, isoText } from './cursor-value.ts';
import { WindowTooFullError } from './errors.ts';
import type { IncrementalScope } from './scope.ts';
import type { Window } from './window.ts';

const instant = z.string().regex(/^-?\d+$/);

/** Which part of a source's time is being read. Part of a position, so it is small however many slices there are. */
export const sliceStateSchema = z.strictObject({
  /** Beginning and end of slices that have been cut, in nanoseconds since 1970; the first is being read. */
  pending: z.array(z.tuple([instant, instant])).min(1),
  /** Where the time that has not been cut begins; null where there is none. */
  rest: instant.nullable(),
});

export type SliceState = z.infer<typeof sliceStateSchema>;

const secondNs = 1_000_000_000n;
const dayNs = 86_400n * secondNs;

/** The time of a source in slices of a length, one after the other; a slice with too many rows is halved. */
export class Slices {
  readonly #scope: IncrementalScope;
  readonly #from: bigint;
  readonly #to: bigint;
  readonly #step: bigint;
  readonly #overlap: bigint;
  readonly #unit: bigint;

  private constructor(scope: IncrementalScope, settings: IncrementalSettings, from: bigint, to: bigint, model: string) {
    const windowNs = seconds(settings.window);
    this.#scope = scope;
    this.#from = from;
    this.#to = to;
    this.#step = settings.step === undefined ? windowNs : seconds(settings.step);
    this.#overlap = windowNs - this.#step;
    const isDays = isDateText(model) || scope.window.kind.format?.days === true || settings.param_format === 'date';
    this.#unit = isDays ? dayNs : secondNs;
  }

  /** Undefined where the source is not read by slices. */
  static of(scope: IncrementalScope | undefined, settings: IncrementalSettings | undefined): Slices | undefined {
    if (scope === undefined || settings?.window === undefined) return undefined;
    const { from, to } = scope.window;
    if (typeof from?.order !== 'bigint' || typeof to?.order !== 'bigint') return undefined;
    return new Slices(scope, settings, from.order, to.order, from.text);
  }

  /** The first slice; undefined where there is no time to read. */
  start(): SliceState | undefined {
    return this.#cut(this.#from);
  }

  /** What is asked for in the slice that is being read. */
  window({ pending }: SliceState): Window {
    const [from, to] = instants(pending[0]);
    const asked = to + this.#overlap;
    return this.#scope.slice(from, to, asked < this.#to ? asked : this.#to);
  }

  /** The slice after the one that has been read; undefined where that was the last. */
  after({ pending, rest }: SliceState): SliceState | undefined {
    const [, ...others] = pending;
    if (others.length > 0) return { pending: others, rest };
    return rest === null ? undefined : this.#cut(BigInt(rest));
  }

  /**
   * The slice that is being read in two.
   *
   * @throws {WindowTooFullError} when it is a second long, or a day where the source knows days only
   */
  split({ pending, rest }: SliceState, total: number | undefined, most: number | undefined): SliceState {
    const [from, to] = instants(pending[0]);
    const middle = floorDivide((from + to) / 2n, this.#unit) * this.#unit;
    if (middle <= from || middle >= to) throw new WindowTooFullError(isoText(from, 0), isoText(to, 0), total, most);
    const halves: SliceState['pending'] = [
      [String(from), String(middle)],
      [String(middle), String(to)],
    ];
    return { pending: [...halves, ...pending.slice(1)], rest };
  }

  #cut(from: bigint): SliceState | undefined {
    if (from >= this.#to) return undefined;
    const to = from + this.#step < this.#to ? from + this.#step : this.#to;
    return { pending: [[String(from), String(to)]], rest: to < this.#to ? String(to) : null };
  }
}

function instants([from, to]: readonly [string, string] | undefined = ['0', '0']): readonly [bigint, bigint] {
  return [BigInt(from), BigInt(to)];
}

function seconds(duration: string | undefined): bigint {
  return BigInt(durationSeconds(duration ?? '') ?? 0) * secondNs;
}
