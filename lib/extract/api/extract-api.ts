import type { ApiSettings } from '../../config/pipeline.ts';
import type { RawManifest } from '../../manifest.ts';
import { DeadlineReachedError } from '../deadline-reached-error.ts';
import { RangeNeedsCursorError } from '../incremental/errors.ts';
import { type Window, windowOf } from '../incremental/window.ts';
import type { ExtractRequest } from '../request.ts';
import { fetchCursor } from '../stored-cursor.ts';
import { type ApiCursor, apiCursorSchema, settingsDigest, startCursor } from './api-cursor.ts';
import { ApiExtraction } from './api-extraction.ts';
import { endpointUrl } from './endpoint.ts';
import { fetchPage, pagePlan } from './fetch-page.ts';
import { listParents } from './list-parents.ts';
import { defaultConcurrency, openClient } from './open-client.ts';
import { readChildren } from './read-children.ts';
import { type BaseRequest, draftOf, put } from './request-draft.ts';

/** Extracts the pages of an API, beginning where the cursor in the store stands. */
export async function extractApi(request: ExtractRequest, settings: ApiSettings): Promise<RawManifest> {
  const { incremental } = settings;
  const { name } = request.pipeline;
  if (incremental === undefined && request.range !== undefined) throw new RangeNeedsCursorError(name);
  const window = incremental === undefined ? undefined : windowOf(incremental, name, request.watermark, request.range);
  const base = baseRequest(request, settings, window);
  const cursor = await readCursor(request, settings);
  const client = await openClient(request, settings);
  const shown = client.parts.redactor.url(base.url);
  const extraction = new ApiExtraction(request, settings, client, cursor, { shown, window });
  try {
    const stopped = await readRows(extraction, base);
    // What was read before an error is good: the same run goes on behind it.
    await extraction.save().catch((thrown: unknown) => {
      throw stopped ?? thrown;
    });
    if (stopped !== undefined && !(stopped instanceof DeadlineReachedError)) throw stopped;
    return await extraction.finish(extraction.cursor.position === null);
  } finally {
    client.close();
    await extraction.discard();
  }
}

async function readCursor(request: ExtractRequest, settings: ApiSettings): Promise<ApiCursor> {
  const digest = settingsDigest(settings, [request.pipeline.dataSource.base_url, request.range, request.watermark]);
  const stored = await fetchCursor(request, apiCursorSchema, digest);
  return stored ?? startCursor(digest, request.clock.now(), settings.parent !== undefined);
}

/** Reads until the last page, the deadline, or an error; gives back what stopped it. */
async function readRows(extraction: ApiExtraction, base: BaseRequest): Promise<unknown> {
  const { settings } = extraction;
  try {
    if (settings.parent === undefined) await readPages(extraction, base);
    else {
      await listParents(extraction, settings.parent);
      const { dataSource } = extraction.request.pipeline;
      const concurrency = settings.concurrency ?? dataSource.concurrency ?? defaultConcurrency;
      await readChildren(extraction, settings.parent, base, concurrency);
    }
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

async function readPages(extraction: ApiExtraction, base: BaseRequest): Promise<void> {
  const { client, settings } = extraction;
  const plan = pagePlan(base, settings, settings);
  while (extraction.cursor.position !== null) {
    const { position } = extraction.cursor;
    const sink = extraction.sink(position.rows);
    const { content, next, warnings } = await fetchPage(client, plan, position, sink, () => sink.enough);
    extraction.warn(warnings);
    extraction.keep(sink, { bytes: content.bytes, digests: [content.digest] }, { position: next });
    await extraction.saveIfDue();
  }
}

function baseRequest(request: ExtractRequest, settings: ApiSettings, window: Window | undefined): BaseRequest {
  const url = endpointUrl(request.pipeline.dataSource.base_url, settings.endpoint);
  for (const [name, value] of Object.entries(settings.params)) {
    if (typeof value !== 'object') url.searchParams.set(name, String(value));
  }
  const base: BaseRequest = { method: settings.method, url, headers: {}, body: settings.body };
  const { incremental } = settings;
  if (incremental === undefined || window === undefined) return base;
  const call = draftOf(base);
  if (incremental.start_param !== undefined && window.start !== undefined) {
    put(call, incremental.in, incremental.start_param, window.start);
  }
  if (incremental.end_param !== undefined && window.end !== undefined) {
    put(call, incremental.in, incremental.end_param, window.end);
  }
  return { ...base, url: call.url, headers: call.headers, body: call.body };
}
