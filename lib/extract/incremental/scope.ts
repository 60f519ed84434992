import type { IncrementalSettings } from '../../config/source-incremental.ts';
import type { ParentMark } from '../../manifest.ts';
import type { ExtractRange } from '../request.ts';
import { BoundarySet } from './boundary.ts';
import { BoundaryUnclearError } from './errors.ts';
import { markAfter, markAtEnd } from './mark-after.ts';
import { advance, type NewRow, type Progress } from './progress.ts';
import { RowGate } from './row-gate.ts';
import { sliceOf, type Window, windowOf } from './window.ts';

/** An incremental source: what it is asked for, and how its rows are told apart. */
export interface IncrementalSource {
  readonly pipeline: string;
  readonly settings: IncrementalSettings;
  readonly keyColumns: readonly string[];
  /** A row that is loaded again would be there twice. */
  readonly tellsApart: boolean;
  readonly range: ExtractRange | undefined;
  /** When the extraction began. */
  readonly startedAt: Date;
}

/** Times later than this after the start are ahead of time; clocks and time zones of sources differ by less. */
const aheadMs = 24 * 60 * 60 * 1_000;

/** What is read with one watermark: a whole source, or the rows of one parent. */
export class IncrementalScope {
  readonly window: Window;
  readonly last: ParentMark | undefined;
  readonly #source: IncrementalSource;
  readonly #horizon: Date;

  /** @param last  undefined where nothing was read yet, and for backfills */
  constructor(source: IncrementalSource, last: ParentMark | undefined) {
    this.#source = source;
    this.last = source.range === undefined ? last : undefined;
    this.window = windowOf(source.settings, source.pipeline, this.last, source.range, source.startedAt);
    this.#horizon = new Date(source.startedAt.getTime() + aheadMs);
  }

  /** A part of the window; instants in nanoseconds since 1970, `asked` being where its request ends. */
  slice(from: bigint, to: bigint, asked: bigint): Window {
    return sliceOf(this.window, this.#source.settings, this.#source.pipeline, { from, to, asked });
  }

  /** It begins where the last run ended, so rows that are left out were loaded by an earlier one. */
  get goesOn(): boolean {
    return (this.window.watermark ?? this.window.aheadOf) !== undefined;
  }

  get column(): string {
    return this.#source.settings.cursor_column;
  }

  /** Times after this are ahead of time; ISO 8601. */
  get horizon(): string {
    return this.#horizon.toISOString();
  }

  /** Judges rows from where `progress` stands. */
  gate(progress: Progress): RowGate {
    const { keyColumns, pipeline, settings, tellsApart } = this.#source;
    const facts = { pipeline, cursorColumn: settings.cursor_column, keyColumns, tellsApart };
    return new RowGate(facts, this.window, progress, BigInt(this.#horizon.getTime()) * 1_000_000n);
  }

  advance(progress: Progress, rows: readonly NewRow[]): Progress {
    return advance(progress, rows, this.window.kind);
  }

  /**
   * Tells the gate which of the rows that may be loaded already are new.
   *
   * @param lines  all rows that were read, or all of those that are held
   * @throws {BoundaryUnclearError} when they cannot be told apart
   */
  async settle(gate: RowGate, lines: () => AsyncIterable<Buffer>): Promise<void> {
    if (this.last === undefined || !this.#source.tellsApart) return;
    const judge = gate.unsettled();
    async function* keys(): AsyncGenerator<Buffer> {
      for await (const line of lines()) {
        const verdict = judge(line);
        if (verdict.kind === 'held' && verdict.row.key !== undefined) yield verdict.row.key;
      }
    }
    // A mark of another load mode does not say which rows there were; where there are none now, that is no matter.
    const isNone = (await keys().next()).done === true;
    const loaded = this.last.boundary === undefined ? undefined : new BoundarySet(this.last.boundary);
    const missing = isNone ? new Map<string, number>() : await loaded?.missingFrom(keys);
    if (missing === undefined) throw new BoundaryUnclearError(this.column, this.last.value, this.last.boundary_rows);
    gate.settle(missing);
  }

  /** How far the rows have been read when all of them were; undefined where there were none yet, and for backfills. */
  markAfter(progress: Progress, added: readonly Buffer[]): ParentMark | undefined {
    if (this.#source.range !== undefined) return undefined;
    const mark = markAfter(this.last, progress, added, this.window.kind, this.horizon);
    const { end } = this.#source.settings;
    const { to } = this.window;
    // Where the configuration says up to when rows are all there, no later run has to look for older ones.
    return end === undefined || to === undefined ? mark : markAtEnd(mark, to, this.#source, this.window.kind);
  }

  /** What a person should know of rows that are ahead of time. */
  aheadWarnings({ ahead }: Progress): readonly string[] {
    if (ahead === undefined) return [];
    return [
      `Rows have a ${this.column} after ${this.horizon}, which is ahead of time. They are loaded, and do not move the watermark.`,
    ];
  }
}
