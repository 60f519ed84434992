import type { RawPart } from '../../manifest.ts';
import type { ObjectStore } from '../../object-store.ts';
import { PartWriter, partBytes, rawPartName, rejectedPartName, type SealedPart } from '../part-writer.ts';
import type { ApiCursor } from './api-cursor.ts';
import { PageSink, type PageSinkOptions } from './page-sink.ts';

/** What a `seal` has made durable. */
export interface SealedParts {
  readonly parts: readonly RawPart[];
  readonly rejected: ApiCursor['rejected'];
  /** Rows at the last watermark, of which some may be loaded already. */
  readonly held: readonly string[];
}

/** The rows of an extraction on their way to the store: pages are collected, parts are sealed. */
export class ApiParts {
  readonly #rows: PartWriter;
  readonly #rejected: PartWriter;
  readonly #held: PartWriter;
  readonly #source: string;
  readonly #format: RawPart['format'];
  #rejectedRows = 0;

  /**
   * @param source  what people know the rows' origin by
   * @param whole   the format of files that are parts as they are
   */
  constructor(store: ObjectStore, prefix: string, cursor: ApiCursor, source: string, whole: 'parquet' | undefined) {
    this.#format = whole ?? 'ndjson';
    const most = whole === undefined ? partBytes : Infinity;
    this.#rows = new PartWriter(store, rawPartName(prefix, this.#format), cursor.parts.length, most);
    this.#rejected = new PartWriter(store, rejectedPartName(prefix), cursor.rejected.length, Infinity);
    this.#held = new PartWriter(store, heldPartName(prefix), cursor.progress.held.length);
    this.#source = source;
  }

  get full(): boolean {
    return this.#rows.full || this.#held.full;
  }

  /** A sink for the next page. */
  page(options: Omit<PageSinkOptions, 'source'>): PageSink {
    const writers = { rows: this.#rows, rejected: this.#rejected, held: this.#held };
    return new PageSink(writers, { ...options, source: this.#source });
  }

  /** Counts what a page has rejected for good. */
  keep(page: PageSink): void {
    this.#rejectedRows += page.rejected;
  }

  /** Makes all pages so far durable. */
  async seal(): Promise<SealedParts> {
    const parts = (await this.#rows.seal()).map((part) => this.partOf(part));
    const rejected = (await this.#rejected.seal()).map(({ location }) => ({ location, rows: this.#rejectedRows }));
    this.#rejectedRows = 0;
    return { parts, rejected, held: (await this.#held.seal()).map(({ location }) => location) };
  }

  partOf(part: SealedPart): RawPart {
    return { ...part, local: false, source: this.#source, format: this.#format };
  }

  async discard(): Promise<void> {
    await this.#rows.discard();
    await this.#rejected.discard();
    await this.#held.discard();
  }
}

function heldPartName(prefix: string): (index: number) => string {
  return (index) => `${prefix}/raw/held-${String(index).padStart(5, '0')}.ndjson`;
}
