import { type NewRow, type Progress, rowsBetweenFolds } from '../incremental/progress.ts';
import type { RowGate } from '../incremental/row-gate.ts';
import type { PartMark, PartWriter } from '../part-writer.ts';
import { rejectedLine } from '../rejected-line.ts';
import type { RowSink } from './page-records.ts';

interface Writers {
  readonly rows: PartWriter;
  readonly rejected: PartWriter;
  readonly held: PartWriter;
}

export interface PageSinkOptions {
  readonly source: string;
  /** Records of the pages before, for the ordinals of rejected ones. */
  readonly rowsBefore: number;
  /** How many rows may still be added. */
  readonly limit: number | undefined;
  readonly gate: RowGate | undefined;
  /** How far the pages before have been read, and how it is after more rows. */
  readonly progress: Progress;
  readonly advance: ((progress: Progress, rows: readonly NewRow[]) => Progress) | undefined;
}

/** Takes the rows of one page, and can forget them as long as the next one has not begun. */
export class PageSink implements RowSink {
  readonly #writers: Writers;
  readonly #options: PageSinkOptions;
  readonly #marks: readonly [PartMark, PartMark, PartMark];
  #lines: Buffer[] = [];
  #held: Buffer[] = [];
  #refused: Buffer[] = [];
  /** Rows that will be loaded, as far as is known by now. */
  kept = 0;
  rejected = 0;
  /** Rows that an earlier run has loaded, or that lie outside of what was asked for. */
  unwanted = 0;
  #newRows: NewRow[] = [];
  #progress: Progress;

  constructor(writers: Writers, options: PageSinkOptions) {
    this.#writers = writers;
    this.#options = options;
    this.#progress = options.progress;
    this.#marks = [writers.rows.mark(), writers.rejected.mark(), writers.held.mark()];
  }

  get enough(): boolean {
    return this.#options.limit !== undefined && this.kept >= this.#options.limit;
  }

  /** How far the source has been read with this page. */
  get progress(): Progress {
    this.#fold();
    return this.#progress;
  }

  readonly restart = async (): Promise<void> => {
    this.#lines = [];
    this.#held = [];
    this.#refused = [];
    this.#newRows = [];
    this.#progress = this.#options.progress;
    this.kept = 0;
    this.rejected = 0;
    this.unwanted = 0;
    await this.#writers.rows.rewind(this.#marks[0]);
    await this.#writers.rejected.rewind(this.#marks[1]);
    await this.#writers.held.rewind(this.#marks[2]);
  };

  readonly row = (line: Buffer, ordinal: number): boolean => {
    const verdict = this.#options.gate?.judge(line);
    switch (verdict?.kind) {
      case 'rejected':
        this.#refuse(line, ordinal, this.#options.gate?.column ?? null, verdict.reason);
        return true;
      case 'unwanted':
        this.unwanted += 1;
        return true;
      case 'held':
        this.#held.push(line);
        return true;
      case 'loaded':
        this.#advance(verdict.row);
        this.unwanted += 1;
        return true;
      case 'wanted':
        this.#advance(verdict.row);
        break;
      case undefined:
        break;
    }
    this.#lines.push(line);
    this.kept += 1;
    return !this.enough;
  };

  readonly reject = (raw: Buffer, ordinal: number, reason: string): void => {
    this.#refuse(raw, ordinal, null, reason);
  };

  readonly whole = async (piece: Buffer): Promise<void> => {
    await this.#writers.rows.write(piece);
  };

  readonly flush = async (): Promise<void> => {
    await this.#writers.rows.write(Buffer.concat(this.#lines.splice(0)));
    await this.#writers.held.write(Buffer.concat(this.#held.splice(0)));
    await this.#writers.rejected.write(Buffer.concat(this.#refused.splice(0)));
  };

  #advance(row: NewRow): void {
    this.#newRows.push(row);
    if (this.#newRows.length >= rowsBetweenFolds) this.#fold();
  }

  #fold(): void {
    this.#progress = this.#options.advance?.(this.#progress, this.#newRows.splice(0)) ?? this.#progress;
  }

  #refuse(raw: Buffer, ordinal: number, column: string | null, reason: string): void {
    const { rowsBefore, source } = this.#options;
    this.#refused.push(rejectedLine(source, rowsBefore + ordinal, column, reason, raw));
    this.rejected += 1;
  }
}
