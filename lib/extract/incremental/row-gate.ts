import { type JsonPath, parseJsonPath } from '../../config/json-path.ts';
import { type FieldReader, fieldPath, fieldReader } from '../json/field-reader.ts';
import { boundaryKey } from './boundary.ts';
import { type CursorKind, type CursorValue, compareCursors, cursorValue } from './cursor-value.ts';
import { CursorMeaningUnknownError } from './errors.ts';
import type { NewRow, Progress } from './progress.ts';
import type { Window } from './window.ts';

/** What becomes of a row of an incremental source. */
export type RowVerdict =
  | { readonly kind: 'wanted' | 'held' | 'loaded'; readonly row: NewRow }
  | { readonly kind: 'unwanted' }
  | { readonly kind: 'rejected'; readonly reason: string };

/** What is known of a source's rows. */
export interface RowFacts {
  readonly pipeline: string;
  readonly cursorColumn: string;
  /** Columns that identify a row; without them the whole row does. */
  readonly keyColumns: readonly string[];
  /** A row that is loaded again would be there twice, so it has to be told which rows were loaded. */
  readonly tellsApart: boolean;
}

const cursorName = 'cursor';

/** Decides row by row what is new. */
export class RowGate {
  readonly column: string;
  /** Keys of the rows that were held and turned out to be new. */
  readonly added: Buffer[] = [];
  readonly #facts: RowFacts;
  readonly #window: Window;
  readonly #horizon: bigint;
  readonly #read: FieldReader;
  #kind: CursorKind;
  /** How many rows of each key no run has loaded, once that is known. */
  #missing: Map<string, number> | undefined;

  /** @param horizon  nanoseconds since 1970; times after it are ahead of time */
  constructor(facts: RowFacts, window: Window, progress: Progress, horizon: bigint) {
    this.#facts = facts;
    this.column = facts.cursorColumn;
    this.#window = window;
    this.#horizon = horizon;
    const type = window.kind.type ?? progress.newest?.type ?? progress.ahead?.type;
    this.#kind = { ...window.kind, type };
    const paths: Record<string, JsonPath> = { [cursorName]: fieldPath(this.column, parseJsonPath) };
    for (const [index, key] of this.#keys.entries()) paths[`key${index}`] = fieldPath(key, parseJsonPath);
    this.#read = fieldReader(paths);
  }

  /** Judges as if nothing were settled, to find the rows that are held. */
  unsettled(): (line: Buffer) => RowVerdict {
    return (line) => {
      const missing = this.#missing;
      this.#missing = undefined;
      const verdict = this.judge(line);
      this.#missing = missing;
      return verdict;
    };
  }

  /** Tells which of the rows that are held are new, by key and number. */
  settle(missing: ReadonlyMap<string, number>): void {
    this.#missing = new Map(missing);
  }

  /** @throws {CursorMeaningUnknownError} when the first value is neither a number nor a time of a known format */
  judge(line: Buffer): RowVerdict {
    const fields = this.#read(line);
    const json = fields.get(cursorName);
    const value = cursorValue(json, this.#kind);
    if (value === undefined) return { kind: 'rejected', reason: this.#problem(json) };
    if (this.#kind.type === undefined) this.#kind = { ...this.#kind, type: value.type };
    const { from, to } = this.#window;
    if (from !== undefined && compareCursors(value, from) < 0) return { kind: 'unwanted' };
    if (to !== undefined && compareCursors(value, to) >= 0) return { kind: 'unwanted' };
    const { tellsApart } = this.#facts;
    const key = tellsApart ? this.#keyOf(fields, line) : undefined;
    const row = { value, key, ahead: isAfter(value, this.#horizon) };
    if (key === undefined || !this.#mayBeLoaded(value)) return { kind: 'wanted', row };
    if (this.#missing === undefined) return { kind: 'held', row };
    const name = key.toString('base64');
    const left = this.#missing.get(name) ?? 0;
    if (left === 0) return { kind: 'loaded', row };
    this.#missing.set(name, left - 1);
    this.added.push(key);
    return { kind: 'wanted', row };
  }

  /** Whether an earlier run may have loaded rows of this value: it equals the watermark, or was ahead of time then. */
  #mayBeLoaded(value: CursorValue): boolean {
    const { aheadOf, watermark } = this.#window;
    return (watermark !== undefined && compareCursors(value, watermark) === 0) || isAfter(value, aheadOf);
  }

  get #keys(): readonly string[] {
    return this.#facts.tellsApart ? this.#facts.keyColumns : [];
  }

  #keyOf(fields: ReadonlyMap<string, string>, line: Buffer): Buffer {
    const values = this.#keys.map((_key, index) => fields.get(`key${index}`));
    return values.length > 0 && values.every((value) => value !== undefined)
      ? boundaryKey(JSON.stringify(values))
      : boundaryKey(line);
  }

  #problem(json: string | undefined): string {
    if (json === undefined || /^(null|"\s*")$/.test(json)) return 'has no value, and is the cursor column';
    const plain = !/^(true|false|\{|\[)/.test(json);
    if (this.#kind.type === undefined && plain) {
      throw new CursorMeaningUnknownError(this.#facts.pipeline, this.column, shapeOf(json));
    }
    return `is no ${this.#kind.type ?? 'number or timestamp'}, and is the cursor column`;
  }
}

function isAfter({ order, type }: CursorValue, moment: bigint | undefined): boolean {
  return moment !== undefined && type === 'timestamp' && typeof order === 'bigint' && order > moment;
}

/** What a value looks like, without what it is: `12/31/2024` is `99/99/9999`. */
function shapeOf(json: string): string {
  const text = json.startsWith('"') ? (JSON.parse(json) as string) : json;
  const shape = text.replace(/\p{L}/gu, 'a').replace(/\p{N}/gu, '9');
  return shape.length > 40 ? `${shape.slice(0, 40)}…` : shape;
}
