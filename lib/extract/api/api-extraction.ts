import { createHash } from 'node:crypto';
import type { ApiSettings } from '../../config/pipeline.ts';
import type { RawManifest } from '../../manifest.ts';
import { advance } from '../incremental/progress.ts';
import { RowGate } from '../incremental/row-gate.ts';
import type { Window } from '../incremental/window.ts';
import { writeManifest } from '../raw-objects.ts';
import type { ExtractRequest } from '../request.ts';
import { keepCursor } from '../stored-cursor.ts';
import type { ApiClient } from './api-client.ts';
import type { ApiCursor } from './api-cursor.ts';
import { ApiParts } from './api-parts.ts';
import type { PageSink } from './page-sink.ts';
import { settleBoundary, watermarkAfter } from './settle-boundary.ts';

/** Pages are made durable at least this often, so that a crash costs little. */
const saveEveryMs = 15_000;
/** Of many parents each may have one; a person reads the first. */
const maxWarnings = 100;

/** An extraction under way: its cursor, and what is not durable yet. */
export class ApiExtraction {
  readonly request: ExtractRequest;
  readonly settings: ApiSettings;
  readonly client: ApiClient;
  readonly window: Window | undefined;
  cursor: ApiCursor;
  readonly #parts: ApiParts;
  readonly #gate: RowGate | undefined;
  readonly #requestsBefore: number;
  #savedAt: number;

  constructor(
    request: ExtractRequest,
    settings: ApiSettings,
    client: ApiClient,
    cursor: ApiCursor,
    source: { readonly shown: string; readonly window: Window | undefined },
  ) {
    this.request = request;
    this.settings = settings;
    this.client = client;
    this.cursor = cursor;
    this.window = source.window;
    this.#gate = source.window === undefined ? undefined : new RowGate(settings, source.window, cursor.progress);
    this.#requestsBefore = cursor.requests;
    this.#parts = new ApiParts(request.store, request.prefix, cursor, source.shown);
    this.#savedAt = request.clock.now().getTime();
  }

  /** A sink for the next page, which has to end in `keep` or in a `restart` of the sink. */
  sink(rowsBefore: number): PageSink {
    const { max_rows: maxRows } = this.settings;
    const left = maxRows === undefined ? undefined : maxRows - this.cursor.rows;
    return this.#parts.page(rowsBefore, left, this.#gate);
  }

  /** Takes whole pages over into the cursor, together with where to go on. */
  keep(
    sink: PageSink,
    pages: { readonly bytes: number; readonly digests: readonly string[] },
    next: Partial<ApiCursor>,
  ): void {
    this.#parts.keep(sink);
    const { progress } = this.cursor;
    this.cursor = {
      ...this.cursor,
      progress: {
        ...advance(progress, sink.newRows),
        already_loaded: progress.already_loaded + (this.window?.watermark === undefined ? 0 : sink.unwanted),
      },
      rows: this.cursor.rows + sink.kept,
      pages: this.cursor.pages + pages.digests.length,
      bytes_read: this.cursor.bytes_read + pages.bytes,
      content: pages.digests.reduce(chained, this.cursor.content),
      ...next,
    };
    this.request.onProgress?.({
      rows: this.cursor.rows,
      bytes: this.cursor.bytes_read,
      requests: this.#requestsBefore + this.client.requests,
    });
  }

  /** Has sentences about the source reach the person who runs it, each once, and a hundred at most. */
  warn(warnings: readonly string[]): void {
    for (const warning of warnings) {
      const known = this.cursor.warnings;
      if (known.includes(warning) || known.length >= maxWarnings) continue;
      this.cursor = { ...this.cursor, warnings: [...known, warning] };
    }
  }

  /** Makes pages durable when a part is full, or when the last time is a while ago. */
  async saveIfDue(): Promise<void> {
    const due = this.request.clock.now().getTime() - this.#savedAt >= saveEveryMs;
    if (this.#parts.full || due) await this.save();
  }

  /** First the rows, then the cursor: a crash between them repeats pages and overwrites their parts. */
  async save(): Promise<void> {
    const { held, parts, rejected } = await this.#parts.seal();
    this.cursor = {
      ...this.cursor,
      requests: this.#requestsBefore + this.client.requests,
      parts: [...this.cursor.parts, ...parts],
      rejected: [...this.cursor.rejected, ...rejected],
      progress: { ...this.cursor.progress, held: [...this.cursor.progress.held, ...held] },
    };
    await keepCursor(this.request, this.cursor);
    this.#savedAt = this.request.clock.now().getTime();
  }

  async discard(): Promise<void> {
    await this.#parts.discard();
  }

  /** Writes the manifest; `complete` where there is nothing left to ask for. */
  async finish(complete: boolean): Promise<RawManifest> {
    const { request } = this;
    const { incremental } = this.settings;
    const last = request.range === undefined ? request.watermark : undefined;
    const settled =
      complete && this.#gate !== undefined && last !== undefined && this.cursor.progress.held.length > 0
        ? await settleBoundary(request, last, this.cursor, this.#gate, (part) => this.#parts.partOf(part))
        : undefined;
    const cursor = settled?.cursor ?? this.cursor;
    const watermark =
      complete && incremental !== undefined && request.range === undefined
        ? watermarkAfter(incremental.cursor_column, last, cursor, settled?.added ?? [])
        : undefined;
    return await writeManifest(request.store, request.prefix, {
      complete,
      parts: cursor.parts,
      rejected: cursor.rejected,
      extracted_at: cursor.extracted_at,
      source_fingerprint: cursor.content,
      bytes_read: cursor.bytes_read,
      watermark,
      already_loaded_rows: cursor.progress.already_loaded === 0 ? undefined : cursor.progress.already_loaded,
      warnings: cursor.warnings.length === 0 ? undefined : cursor.warnings,
    });
  }
}

/** A digest over digests that does not depend on where parts were cut or calls ended. */
function chained(content: string, page: string): string {
  return createHash('sha256').update(content).update(page).digest('hex');
}
