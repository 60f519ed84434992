import { createHash } from 'node:crypto';
import type { ApiSettings } from '../../config/pipeline.ts';
import type { PaginationSettings } from '../../config/source-pagination.ts';
import type { RawManifest, Watermark } from '../../manifest.ts';
import { fileLines } from '../file-lines.ts';
import { type NewRow, rowsBetweenFolds } from '../incremental/progress.ts';
import type { RowGate } from '../incremental/row-gate.ts';
import type { IncrementalScope } from '../incremental/scope.ts';
import { PartWriter, rawPartName } from '../part-writer.ts';
import { writeManifest } from '../raw-objects.ts';
import type { ExtractRequest } from '../request.ts';
import { keepCursor } from '../stored-cursor.ts';
import { answerReader } from './answers/formats.ts';
import type { ApiClient } from './api-client.ts';
import type { ApiCursor } from './api-cursor.ts';
import { ApiParts } from './api-parts.ts';
import type { PageSink } from './page-sink.ts';
import { recognisedText } from './recognised-text.ts';
import { shownUrl } from './request-headers.ts';
import type { TemplateScope } from './template/variables.ts';

/** Pages are made durable at least this often, so that a crash costs little. */
const saveEveryMs = 15_000;
/** Of many parents each may have one; a person reads the first. */
const maxWarnings = 100;

/** An extraction under way: its cursor, and what is not durable yet. */
export class ApiExtraction {
  readonly request: ExtractRequest;
  readonly settings: ApiSettings;
  readonly client: ApiClient;
  readonly scope: TemplateScope;
  cursor: ApiCursor;
  readonly #parts: ApiParts;
  #scope: IncrementalScope | undefined;
  #gate: RowGate | undefined;
  readonly #requestsBefore: number;
  #savedAt: number;

  /** @param scope  what placeholders are filled from, whatever the page and the parent */
  constructor(
    request: ExtractRequest,
    settings: ApiSettings,
    client: ApiClient,
    cursor: ApiCursor,
    scope: TemplateScope,
  ) {
    this.request = request;
    this.settings = settings;
    this.client = client;
    this.cursor = cursor;
    this.#requestsBefore = cursor.requests;
    this.scope = scope;
    this.#parts = new ApiParts(
      request.store,
      request.prefix,
      cursor,
      client.parts.redactor.url(shownUrl(request, settings)),
      answerReader(settings.format, '').whole,
    );
    this.#savedAt = request.clock.now().getTime();
  }

  /** What is read from now on has a watermark of its own. Gives back what judges its rows. */
  enter(scope: IncrementalScope): RowGate {
    this.#scope = scope;
    this.#gate = scope.gate(this.cursor.progress);
    return this.#gate;
  }

  /** The rows of earlier calls that may be loaded already. */
  async *heldLines(): AsyncGenerator<Buffer> {
    for (const location of this.cursor.progress.held) {
      yield* fileLines(await this.request.store.localPath(location));
    }
  }

  /** A sink for the next page, which has to end in `keep` or in a `restart` of the sink. */
  sink(rowsBefore: number): PageSink {
    const { max_rows: maxRows } = this.settings;
    const left = maxRows === undefined ? undefined : maxRows - this.cursor.rows;
    const scope = this.#scope;
    return this.#parts.page({
      rowsBefore,
      limit: left,
      gate: this.#gate,
      progress: this.cursor.progress,
      advance: scope === undefined ? undefined : (progress, rows) => scope.advance(progress, rows),
    });
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
        ...sink.progress,
        already_loaded: progress.already_loaded + (this.#scope?.goesOn === true ? sink.unwanted : 0),
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

  /** Has what was found out about pages reach the person who looks at a preview. */
  recognise(pagination: PaginationSettings | undefined): void {
    if (pagination === undefined || (this.cursor.recognised ?? []).length > 0) return;
    this.cursor = { ...this.cursor, recognised: [recognisedText(pagination)] };
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

  /**
   * Writes the manifest; `complete` where there is nothing left to ask for.
   *
   * @param watermark  what the marks of all parents make; undefined where there are no parents
   */
  async finish(complete: boolean, watermark: Watermark | undefined): Promise<RawManifest> {
    const { request } = this;
    const scope = this.cursor.parents === undefined ? this.#scope : undefined;
    const settled = complete && this.cursor.progress.held.length > 0 ? await this.#settleHeld() : undefined;
    const cursor = settled ?? this.cursor;
    const mark = complete ? scope?.markAfter(cursor.progress, this.#gate?.added ?? []) : undefined;
    const warnings = [...cursor.warnings, ...(scope?.aheadWarnings(cursor.progress) ?? [])];
    return await writeManifest(request.store, request.prefix, {
      complete,
      parts: cursor.parts,
      rejected: cursor.rejected,
      extracted_at: cursor.extracted_at,
      source_fingerprint: cursor.content,
      bytes_read: cursor.bytes_read,
      watermark: mark === undefined || scope === undefined ? watermark : { cursor_column: scope.column, ...mark },
      already_loaded_rows: cursor.progress.already_loaded === 0 ? undefined : cursor.progress.already_loaded,
      warnings: warnings.length === 0 ? undefined : warnings,
      recognised: cursor.recognised,
      validator: cursor.validator,
      not_modified: cursor.not_modified,
    });
  }

  /**
   * Finds among the rows that may be loaded already those that no run has loaded, now that all of them are known.
   *
   * @throws {BoundaryUnclearError} when they cannot be told apart
   * Killed midway: the next call does it again and writes the same part.
   */
  async #settleHeld(): Promise<ApiCursor | undefined> {
    const [gate, scope] = [this.#gate, this.#scope];
    if (gate === undefined || scope === undefined || scope.last === undefined) return undefined;
    const { cursor, request } = this;
    await scope.settle(gate, () => this.heldLines());
    const rows: NewRow[] = [];
    let progress = cursor.progress;
    let written = 0;
    let others = 0;
    const writer = new PartWriter(request.store, rawPartName(request.prefix, 'ndjson'), cursor.parts.length);
    try {
      for await (const line of this.heldLines()) {
        const verdict = gate.judge(line);
        if (!('row' in verdict)) continue;
        rows.push(verdict.row);
        if (rows.length >= rowsBetweenFolds) progress = scope.advance(progress, rows.splice(0));
        if (verdict.kind === 'wanted') {
          written += 1;
          await writer.write(line);
        } else others += 1;
      }
      const parts = (await writer.seal()).map((part) => this.#parts.partOf(part));
      progress = { ...scope.advance(progress, rows), held: [] };
      return {
        ...cursor,
        parts: [...cursor.parts, ...parts],
        rows: cursor.rows + written,
        progress: { ...progress, already_loaded: progress.already_loaded + others },
      };
    } finally {
      await writer.discard();
    }
  }
}

/** A digest over digests that does not depend on where parts were cut or calls ended. */
function chained(content: string, page: string): string {
  return createHash('sha256').update(content).update(page).digest('hex');
}
