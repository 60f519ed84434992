import type { ParentMark, Watermark } from '../../manifest.ts';
import { boundaryKey } from '../incremental/boundary.ts';
import { compareCursors } from '../incremental/cursor-value.ts';
import { TooManyParentMarksError } from '../incremental/errors.ts';
import { markValue } from '../incremental/progress.ts';
import { IncrementalScope, type IncrementalSource } from '../incremental/scope.ts';
import type { ParentFields } from './template/template-value.ts';

/** Characters that all marks may have together: half of what a value of a row of DSQL may have, 1 MiB. */
const maxCharacters = 512 * 1024;

/** How far the rows of each parent have been read: a parent that appears later is read from its beginning. */
export class ParentMarks {
  readonly #source: IncrementalSource;
  readonly #last: Watermark | undefined;

  constructor(source: IncrementalSource, last: Watermark | undefined) {
    this.#source = source;
    this.#last = last;
  }

  /** What is asked of one parent. */
  scopeOf(key: string): IncrementalScope {
    return new IncrementalScope(this.#source, this.#markOf(key));
  }

  /**
   * The watermark that is stored, with the marks of parents that were not listed this time.
   *
   * @throws {TooManyParentMarksError} when they are too many to be stored
   */
  watermark(marks: Readonly<Record<string, ParentMark>> = {}): Watermark | undefined {
    const { pipeline, range, settings } = this.#source;
    if (range !== undefined) return undefined;
    const parents = { ...this.#last?.parents, ...marks };
    const newest = newestOf(Object.values(parents), this.scopeOf('').window.kind);
    if (Object.keys(parents).length === 0) return this.#last;
    const characters = JSON.stringify(parents).length;
    if (characters > maxCharacters) {
      throw new TooManyParentMarksError(pipeline, Object.keys(parents).length, characters, maxCharacters);
    }
    const { quoted, type, value } = newest ?? { type: 'timestamp', value: '' };
    return { cursor_column: settings.cursor_column, type, value, quoted, boundary_rows: 0, parents };
  }

  #markOf(key: string): ParentMark | undefined {
    if (this.#last === undefined) return undefined;
    const { cursor_column: _column, parents, ...common } = this.#last;
    if (parents !== undefined) return Object.hasOwn(parents, key) ? parents[key] : undefined;
    // A release that kept one watermark for all parents: where rows may be read again, each begins anew.
    return this.#source.tellsApart ? common : undefined;
  }
}

/** What tells a parent from others: the fields that its requests are made of. */
export function parentKey(names: readonly string[], fields: ParentFields): string {
  return boundaryKey(JSON.stringify([...names].sort().map((name) => [name, fields[name] ?? null]))).toString('base64');
}

function newestOf(marks: readonly ParentMark[], kind: IncrementalScope['window']['kind']): ParentMark | undefined {
  let newest: ParentMark | undefined;
  for (const mark of marks) {
    const value = markValue(mark, kind);
    const top = newest === undefined ? undefined : markValue(newest, kind);
    if (value !== undefined && (top === undefined || (top.type === value.type && compareCursors(value, top) > 0))) {
      newest = mark;
    }
  }
  return newest;
}
