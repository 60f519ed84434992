import { type JsonPath, parseJsonPath } from '../../config/json-path.ts';
import { loadModeTraits } from '../../config/load-mode.ts';
import type { ApiSettings } from '../../config/pipeline.ts';
import { type FieldReader, fieldPath, fieldReader } from '../json/field-reader.ts';
import { boundaryKey } from './boundary.ts';
import { type CursorType, compareCursors, cursorValue } from './cursor-value.ts';
import type { NewRow, Progress } from './progress.ts';
import type { Window } from './window.ts';

/** What becomes of a row of an incremental source. */
export type RowVerdict =
  | { readonly kind: 'wanted' | 'held'; readonly row: NewRow }
  | { readonly kind: 'unwanted' }
  | { readonly kind: 'rejected'; readonly reason: string };

const cursorName = 'cursor';

/** Decides row by row what is new. */
export class RowGate {
  readonly column: string;
  readonly #window: Window;
  readonly #read: FieldReader;
  readonly #keys: readonly string[];
  readonly #tellsApart: boolean;
  #type: CursorType | undefined;

  constructor(settings: ApiSettings, window: Window, progress: Progress) {
    const incremental = settings.incremental;
    this.column = incremental?.cursor_column ?? '';
    this.#window = window;
    this.#type =
      progress.newest?.type ??
      window.watermark?.type ??
      window.from?.type ??
      window.to?.type ??
      incremental?.cursor_type;
    // A row that is loaded again by its key changes nothing, so only modes that add it again have to know which rows were there.
    this.#tellsApart = !loadModeTraits[settings.load_mode].repeatsAreHarmless;
    this.#keys = this.#tellsApart ? settings.key_columns : [];
    const paths: Record<string, JsonPath> = { [cursorName]: fieldPath(this.column, parseJsonPath) };
    for (const [index, key] of this.#keys.entries()) paths[`key${index}`] = fieldPath(key, parseJsonPath);
    this.#read = fieldReader(paths);
  }

  judge(line: Buffer): RowVerdict {
    const fields = this.#read(line);
    const json = fields.get(cursorName);
    const value = cursorValue(json, this.#type);
    if (value === undefined) return { kind: 'rejected', reason: this.#problem(json) };
    this.#type ??= value.type;
    const { from, to, watermark } = this.#window;
    if (from !== undefined && compareCursors(value, from) < 0) return { kind: 'unwanted' };
    if (to !== undefined && compareCursors(value, to) >= 0) return { kind: 'unwanted' };
    const row = { value, key: this.#tellsApart ? this.#keyOf(fields, line) : undefined };
    const atBoundary = watermark !== undefined && compareCursors(value, watermark) === 0;
    return { kind: atBoundary && this.#tellsApart ? 'held' : 'wanted', row };
  }

  /** What tells a row at the boundary from others: its key columns, else all of it. */
  key(line: Buffer): Buffer {
    return this.#keyOf(this.#read(line), line);
  }

  #keyOf(fields: ReadonlyMap<string, string>, line: Buffer): Buffer {
    const values = this.#keys.map((_key, index) => fields.get(`key${index}`));
    return values.length > 0 && values.every((value) => value !== undefined)
      ? boundaryKey(JSON.stringify(values))
      : boundaryKey(line);
  }

  #problem(json: string | undefined): string {
    if (json === undefined || json === 'null') return `The row has no value in the cursor column ${this.column}.`;
    return `The value of the cursor column ${this.column} is no ${this.#type ?? 'number, timestamp or text'}.`;
  }
}
