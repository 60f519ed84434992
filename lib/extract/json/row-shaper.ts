import type { PathStep } from '../../config/json-path.ts';
import { type Header, headerPath, splitHeaderPath } from '../../config/source-rows.ts';
import { ownValue } from '../../own-value.ts';
import { JsonScanner } from './json-scanner.ts';
import { growPath, newPathNode } from './path-tree.ts';

/** How a record becomes rows: as it is, by columns, or by positions. */
export interface RowShape {
  readonly columnar?: true | undefined;
  readonly header?: Header | undefined;
}

/** Gets each row as JSON; or, of a record that is none, why. */
export interface ShapedRows {
  readonly row: (raw: Buffer) => void;
  readonly reject: (raw: Buffer, reason: string) => void;
}

/** Columns of one record that have not the same number of values, so it is not known which of them belong together. */
export class UnequalColumnsError extends Error {
  override readonly name = 'UnequalColumnsError';
}

/** The place of the names of columns has no list, on this page and on those before. */
export class HeaderNotFoundError extends Error {
  override readonly name = 'HeaderNotFoundError';
}

/** Turns the records of one page into rows. */
export interface RowShaper {
  /** @param names  what stands where the names of columns are said to be, as JSON; null where there is nothing */
  readonly add: (raw: Buffer, rows: ShapedRows, names?: string) => void;
  /** The names that the response has so far, as JSON; undefined where there is none. */
  readonly header: string | undefined;
  /** Records that were no rows but had the columns' names. */
  readonly headerRows: number;
}

/** @param header  what the pages before had as their first row */
export function rowShaper({ columnar, header }: RowShape, before: string | undefined): RowShaper | undefined {
  if (columnar === true) return { add: addColumns, header: undefined, headerRows: 0 };
  return header === undefined ? undefined : new PositionShaper(header, before);
}

/**
 * `{"time": [1, 2], "temp": [3, 4]}` as `{"time":1,"temp":3}` and `{"time":2,"temp":4}`; members that are no lists go
 * into each row.
 *
 * @throws {UnequalColumnsError}
 */
function addColumns(raw: Buffer, { reject, row }: ShapedRows): void {
  if (raw[0] !== 0x7b) {
    reject(raw, 'The record is no object of lists.');
    return;
  }
  const columns = membersOf(raw).map(({ name, value }) => ({
    name: JSON.stringify(name),
    values: value[0] === 0x5b ? elementsOf(value) : undefined,
    value,
  }));
  const lists = columns.flatMap(({ values }) => (values === undefined ? [] : [values]));
  const count = lists[0]?.length ?? 0;
  if (lists.some(({ length }) => length !== count)) throw new UnequalColumnsError();
  for (let at = 0; at < count; at += 1) {
    row(objectOf(columns.map(({ name, value, values }) => [name, values?.[at] ?? value] as const)));
  }
}

/** `["a", 1]` as `{"name":"a","qty":1}`. */
class PositionShaper implements RowShaper {
  readonly #fromFirst: boolean;
  /** From an element of the list of names to the name. */
  readonly #nameSteps: readonly PathStep[] | undefined;
  #seen: string | undefined;
  #names: readonly string[] | undefined;
  header: string | undefined;
  headerRows = 0;

  constructor(header: Header, before: string | undefined) {
    const path = headerPath(header);
    this.#fromFirst = header === 'first_row';
    this.#nameSteps = path === undefined ? undefined : splitHeaderPath(path).name.steps;
    this.header = this.#fromFirst || path !== undefined ? before : undefined;
    this.#names = Array.isArray(header) ? header.map((name: string) => JSON.stringify(name)) : namesOf(before);
  }

  readonly add = (raw: Buffer, { reject, row }: ShapedRows, names = 'null'): void => {
    if (this.#nameSteps !== undefined) this.#take(names, this.#nameSteps);
    if (raw[0] !== 0x5b) {
      reject(raw, 'The record is no list of values.');
      return;
    }
    const cells = elementsOf(raw);
    if (this.#fromFirst) {
      const text = `[${cells.join(',')}]`;
      // Each page of a table may begin with the names again.
      const isHeader = this.header === undefined || this.header === text;
      if (this.header === undefined) {
        this.header = text;
        this.#names = namesOf(text);
      }
      if (isHeader && this.headerRows === 0) {
        this.headerRows = 1;
        return;
      }
    }
    const columns = this.#names ?? [];
    if (cells.length > columns.length) {
      reject(raw, `The record has ${cells.length} values, and there are ${columns.length} columns.`);
      return;
    }
    row(objectOf(cells.map((cell, at) => [columns[at] ?? '', cell] as const)));
  };

  /** The names that the response gives; those of the pages before, where it gives none. @throws {HeaderNotFoundError} */
  #take(json: string, steps: readonly PathStep[]): void {
    if (json !== this.#seen) {
      this.#seen = json;
      const list: unknown = JSON.parse(json);
      if (Array.isArray(list)) {
        this.header = JSON.stringify(list.map((element: unknown) => valueAt(element, steps) ?? null));
        this.#names = namesOf(this.header);
      }
    }
    if (this.#names === undefined) throw new HeaderNotFoundError();
  }
}

function valueAt(value: unknown, steps: readonly PathStep[]): unknown {
  let found = value;
  for (const step of steps) {
    if (typeof found !== 'object' || found === null || step === 'any') return undefined;
    found = ownValue(found as Readonly<Record<string, unknown>>, 'name' in step ? step.name : String(step.index));
  }
  return found;
}

/** Names of columns as JSON, each of them once: empty ones by their position, and repeated ones with a number. */
function namesOf(header: string | undefined): readonly string[] | undefined {
  if (header === undefined) return undefined;
  const used = new Set<string>();
  return (JSON.parse(header) as readonly unknown[]).map((cell, at) => {
    const name = typeof cell === 'string' ? cell.trim() : cell === null ? '' : JSON.stringify(cell);
    const wanted = name === '' ? `column_${at + 1}` : name;
    let unique = wanted;
    for (let n = 2; used.has(unique); n += 1) unique = `${wanted}_${n}`;
    used.add(unique);
    return JSON.stringify(unique);
  });
}

/** An object of names as JSON and values as they were written. */
function objectOf(members: readonly (readonly [string, Buffer])[]): Buffer {
  const pieces: Buffer[] = [];
  for (const [at, [name, value]] of members.entries()) {
    pieces.push(Buffer.from(`${at === 0 ? '{' : ','}${name}:`), value);
  }
  return Buffer.concat(pieces.length === 0 ? [Buffer.from('{}')] : [...pieces, Buffer.from('}')]);
}

const everyChild = newPathNode();
growPath(everyChild, ['any']).rows = 'value';

function elementsOf(raw: Buffer): readonly Buffer[] {
  return membersOf(raw).map(({ value }) => value);
}

function membersOf(raw: Buffer): readonly { readonly name: string; readonly value: Buffer }[] {
  const found: { readonly name: string; readonly value: Buffer }[] = [];
  const scanner = new JsonScanner(everyChild, (value, name = '') => found.push({ name, value }));
  scanner.write(raw);
  scanner.end();
  return found;
}
