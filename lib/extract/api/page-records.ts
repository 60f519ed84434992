import { isUtf8 } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import { headerPath } from '../../config/source-rows.ts';
import { maxRecordBytes } from '../../record-limit.ts';
import { type AddColumns, columnAdder } from '../json/add-columns.ts';
import type { NameMember } from '../json/member-name.ts';
import { recordLine, recordProblem } from '../json/record-line.ts';
import type { RowSearch } from '../json/row-search.ts';
import { type RowShaper, rowShaper } from '../json/row-shaper.ts';
import { isErrorRecord, isMessageRecord, mentionsError } from './error-record.ts';
import type { Sign } from './signs.ts';

/** Where a page's rows go, line by line, in the order they came. */
export interface RowSink {
  /** Forgets the page so far: it is being asked for again. */
  readonly restart: () => Promise<void>;
  /** One NDJSON line, valid UTF-8, ending in a line feed; `ordinal` as below. False: enough rows, the rest of the page is left out. */
  readonly row: (line: Buffer, ordinal: number) => boolean;
  /** A record that cannot be a row; `ordinal` counts the page's records from 1. */
  readonly reject: (raw: Buffer, ordinal: number, reason: string) => void;
  /** Takes a file as it is, piece by piece; absent where rows are looked at. */
  readonly whole?: ((piece: Buffer) => Promise<void>) | undefined;
  /** Called between pieces of the body; writes down what was collected. */
  readonly flush: () => Promise<void>;
}

/** First rows by which a page is told from another: where pages are dealt out anew, some of them come again. */
const seenRows = 30;

function digestOf(line: Buffer): string {
  return createHash('sha256').update(line).digest('base64').slice(0, 11);
}

/** The rows of one page on their way to the sink. */
export class PageRecords {
  readonly #sink: RowSink;
  readonly #hash: Hash = createHash('sha256');
  #open = true;
  #objects = 0;
  #arrays = 0;
  #errors = 0;
  /** Records that may have a member `error`. */
  #mentions = 0;
  #messages = 0;
  /** Ordinal of the first record that is an array. */
  firstArray = 0;
  readonly #nameMember: NameMember | undefined;
  readonly #addFields: AddColumns | undefined;
  readonly #shaper: RowShaper | undefined;
  /** Which of the values of what a record lies in are the names of columns. */
  readonly #namesAt: number | undefined;
  /** Digests of the first rows. */
  readonly seen: string[] = [];
  /** Records so far. */
  rows = 0;
  /** Records that are members of an object. */
  members = 0;

  /** @param header  the names of columns that the pages before had in their first row */
  constructor(sink: RowSink, { fields = [], nameMember, shape }: RowSearch, header: string | undefined) {
    this.#sink = sink;
    this.#nameMember = nameMember;
    this.#namesAt = headerPath(shape?.header) === undefined ? undefined : fields.length - 1;
    const columns = fields.slice(0, this.#namesAt).map(({ column }) => column);
    this.#addFields = columns.length === 0 ? undefined : columnAdder(columns, 'include');
    this.#shaper = shape === undefined ? undefined : rowShaper(shape, header);
  }

  /** The names of columns in the first row, as JSON, where the source has them there. */
  get header(): string | undefined {
    return this.#shaper?.header;
  }

  /** Records that were no rows but had the names of the columns. */
  get headerRows(): number {
    return this.#shaper?.headerRows ?? 0;
  }

  /** @param values  of what the record lies in, as JSON */
  readonly add = (raw: Buffer, member?: string, values: readonly string[] = []): void => {
    if (!this.#open) return;
    if (this.#shaper === undefined) {
      this.#row(raw, member, values);
      return;
    }
    const rows = {
      row: (row: Buffer): void => {
        if (this.#open) this.#row(row, member, values);
      },
      reject: this.refuse,
    };
    this.#shaper.add(raw, rows, this.#namesAt === undefined ? undefined : values[this.#namesAt]);
  };

  /** A record that cannot be a row, and why. */
  readonly refuse = (raw: Buffer, reason: string): void => {
    this.rows += 1;
    this.#sink.reject(raw, this.rows, reason);
    this.#hash.update(raw);
  };

  #row(raw: Buffer, member: string | undefined, values: readonly string[]): void {
    this.rows += 1;
    if (raw[0] === 0x5b) {
      this.#arrays += 1;
      if (this.firstArray === 0) this.firstArray = this.rows;
    } else if (raw[0] === 0x7b) this.#objects += 1;
    const bare = isUtf8(raw) && raw.length < maxRecordBytes ? recordLine(raw) : undefined;
    if (member !== undefined) this.members += 1;
    const named = bare === undefined || member === undefined ? bare : (this.#nameMember?.(bare, member) ?? bare);
    const line = named === undefined ? undefined : (this.#addFields?.(named, values) ?? named);
    if (line === undefined) {
      this.#sink.reject(raw, this.rows, recordProblem(raw));
      this.#hash.update(raw);
      return;
    }
    if (mentionsError(line)) {
      this.#mentions += 1;
      if (isErrorRecord(line)) this.#errors += 1;
    }
    if (this.rows === 1 && isMessageRecord(line)) this.#messages += 1;
    this.#hash.update(line);
    if (this.seen.length < seenRows) this.seen.push(digestOf(line));
    this.#open = this.#sink.row(line, this.rows);
  }

  /** Objects and lists stand side by side, as in a list of a head and the rows. */
  get mixed(): boolean {
    return this.#objects > 0 && this.#arrays > 0;
  }

  /** Records that are errors in the place of rows; one that is nothing but a message is one where it is alone. */
  get errorSign(): Sign | undefined {
    // Where all records have the member it is a column.
    const alone = this.rows === 1;
    const errors = alone ? Math.max(this.#errors, this.#messages) : this.#mentions < this.rows ? this.#errors : 0;
    return errors === 0 ? undefined : { place: errors === 1 ? 'a record' : `${errors} records` };
  }

  /** To be asked for once, at the end. */
  get digest(): string {
    return this.#hash.digest('hex');
  }
}
