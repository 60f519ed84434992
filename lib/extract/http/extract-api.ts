import { createHash } from 'node:crypto';
import type { ApiSettings } from '../../config/pipeline.ts';
import type { RawManifest } from '../../manifest.ts';
import { DeadlineReached } from '../deadline-reached.ts';
import { SettingsChangedError } from '../errors.ts';
import { cursorKey, writeManifest } from '../raw-objects.ts';
import type { ExtractRequest } from '../request.ts';
import { rowSearch } from '../row-search.ts';
import type { ApiClient } from './api-client.ts';
import { type ApiCursor, apiCursorSchema, settingsDigest, startCursor } from './api-cursor.ts';
import { ApiParts } from './api-parts.ts';
import { endpointUrl } from './endpoint.ts';
import { RowsMissingError } from './errors.ts';
import { openClient } from './open-client.ts';
import { type BaseCall, pageCall } from './page-call.ts';
import { moveOn } from './page-guard.ts';
import { readPage } from './page-reader.ts';
import { judgePage, pagerPaths } from './pager.ts';

/** Pages are made durable at least this often, so that a crash costs little. */
const saveEveryMs = 15_000;

/** Extracts the pages of an API, beginning where the cursor in the store stands. */
export async function extractApi(request: ExtractRequest, settings: ApiSettings): Promise<RawManifest> {
  const client = await openClient(request, settings);
  try {
    return await new ApiExtraction(request, settings, client, await readCursor(request, settings)).run();
  } finally {
    client.parts.connections.close();
  }
}

async function readCursor(request: ExtractRequest, settings: ApiSettings): Promise<ApiCursor> {
  const digest = settingsDigest(settings, [request.pipeline.dataSource.base_url, request.range, request.watermark]);
  const stored = await request.store.get(cursorKey(request.prefix));
  if (stored === undefined) return startCursor(digest, request.clock.now());
  const cursor = apiCursorSchema.parse(JSON.parse(Buffer.from(stored).toString()));
  if (cursor.settings !== digest) throw new SettingsChangedError(request.pipeline.name);
  return cursor;
}

class ApiExtraction {
  readonly #request: ExtractRequest;
  readonly #settings: ApiSettings;
  readonly #client: ApiClient;
  readonly #base: BaseCall;
  readonly #parts: ApiParts;
  readonly #requestsBefore: number;
  #cursor: ApiCursor;
  #savedAt: number;

  constructor(request: ExtractRequest, settings: ApiSettings, client: ApiClient, cursor: ApiCursor) {
    this.#request = request;
    this.#settings = settings;
    this.#client = client;
    this.#cursor = cursor;
    this.#requestsBefore = cursor.requests;
    this.#base = baseCall(request, settings);
    this.#parts = new ApiParts(request.store, request.prefix, cursor, client.parts.redactor.url(this.#base.url));
    this.#savedAt = request.clock.now().getTime();
  }

  async run(): Promise<RawManifest> {
    const stopped = await this.#readPages();
    try {
      await this.#save();
    } catch (thrown) {
      throw stopped ?? thrown;
    } finally {
      await this.#parts.discard();
    }
    if (stopped !== undefined) throw stopped;
    return await this.#finish();
  }

  /** Reads until the last page, the deadline, or an error, which is given back: what was read before it is good. */
  async #readPages(): Promise<unknown> {
    try {
      while (this.#cursor.position !== null) {
        await this.#readNext(this.#cursor.position);
        const due = this.#request.clock.now().getTime() - this.#savedAt >= saveEveryMs;
        if (this.#parts.full || due) await this.#save();
      }
      return undefined;
    } catch (thrown) {
      return thrown instanceof DeadlineReached ? undefined : thrown;
    }
  }

  async #readNext(position: NonNullable<ApiCursor['position']>): Promise<void> {
    const { max_pages: maxPages, max_rows: maxRows, pagination } = this.#settings;
    const search = rowSearch(this.#settings.records_path);
    const left = maxRows === undefined ? undefined : maxRows - this.#cursor.rows;
    const sink = this.#parts.page(this.#cursor.rows, left);
    const captures = pagerPaths(pagination);
    const { content, verdict, shown, url } = await this.#client
      .ask(pageCall(this.#base, pagination, position), async (answer) => {
        const page = await readPage(answer, search, captures, sink, this.#client.parts.redactor);
        const facts = { rows: page.rows, captures: page.captures, headers: answer.headers, url: answer.url };
        return { content: page, verdict: judgePage(pagination, position, facts), shown: answer.shown, url: answer.url };
      })
      .catch(async (thrown: unknown) => {
        await sink.undo();
        throw thrown;
      });
    const { rows, digest } = content;
    const rowsSoFar = position.rows + rows;
    const enough =
      (left !== undefined && rows >= left) || (maxPages !== undefined && this.#cursor.pages + 1 >= maxPages);
    if (verdict.next === undefined && !enough && verdict.total !== undefined && rowsSoFar < verdict.total) {
      await sink.undo();
      throw new RowsMissingError(shown, rowsSoFar, verdict.total);
    }
    const moved = { rows, digest, total: verdict.total, url };
    this.#cursor = {
      ...this.#cursor,
      position: verdict.next === undefined || enough ? null : moveOn(position, verdict.next, moved, shown),
      rows: this.#cursor.rows + rows,
      pages: this.#cursor.pages + 1,
      bytes_read: this.#cursor.bytes_read + content.bytes,
      content: createHash('sha256').update(this.#cursor.content).update(digest).digest('hex'),
    };
    this.#request.onProgress?.({
      rows: this.#cursor.rows,
      bytes: this.#cursor.bytes_read,
      requests: this.#requestsBefore + this.#client.requests,
    });
  }

  /** First the rows, then the cursor: a crash between them repeats pages and overwrites their parts. */
  async #save(): Promise<void> {
    const { parts, rejected } = await this.#parts.seal();
    this.#cursor = {
      ...this.#cursor,
      requests: this.#requestsBefore + this.#client.requests,
      parts: [...this.#cursor.parts, ...parts],
      rejected: [...this.#cursor.rejected, ...rejected],
    };
    await this.#request.store.put(cursorKey(this.#request.prefix), `${JSON.stringify(this.#cursor)}\n`);
    this.#savedAt = this.#request.clock.now().getTime();
  }

  async #finish(): Promise<RawManifest> {
    const cursor = this.#cursor;
    return await writeManifest(this.#request.store, this.#request.prefix, {
      complete: cursor.position === null,
      parts: cursor.parts,
      rejected: cursor.rejected,
      extracted_at: cursor.extracted_at,
      source_fingerprint: cursor.content,
      bytes_read: cursor.bytes_read,
      ...(cursor.warnings.length === 0 ? {} : { warnings: cursor.warnings }),
    });
  }
}

function baseCall(request: ExtractRequest, settings: ApiSettings): BaseCall {
  const url = endpointUrl(request.pipeline.dataSource.base_url, settings.endpoint);
  for (const [name, value] of Object.entries(settings.params)) {
    if (typeof value !== 'object') url.searchParams.set(name, String(value));
  }
  return { method: settings.method, url, headers: {}, body: settings.body };
}
