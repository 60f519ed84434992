import { loadModeTraits } from '../../config/load-mode.ts';
import type { ApiSettings } from '../../config/pipeline.ts';
import type { RawManifest } from '../../manifest.ts';
import { DeadlineReachedError } from '../deadline-reached-error.ts';
import { CursorColumnChangedError, RangeNeedsCursorError } from '../incremental/errors.ts';
import { IncrementalScope, type IncrementalSource } from '../incremental/scope.ts';
import type { BoundParameter, Window } from '../incremental/window.ts';
import type { ExtractRequest } from '../request.ts';
import { fetchCursor } from '../stored-cursor.ts';
import { type ApiCursor, apiCursorSchema, settingsDigest, startCursor } from './api-cursor.ts';
import { ApiExtraction } from './api-extraction.ts';
import { endpointUrl } from './endpoint.ts';
import { fetchPage, pagePlan } from './fetch-page.ts';
import { listParents } from './list-parents.ts';
import { defaultConcurrency, openClient } from './open-client.ts';
import { ParentMarks } from './parent-marks.ts';
import { RawJson } from './raw-json.ts';
import { readChildren } from './read-children.ts';
import { type BaseRequest, draftOf, put } from './request-draft.ts';

/** Extracts the pages of an API, beginning where the cursor in the store stands. */
export async function extractApi(request: ExtractRequest, settings: ApiSettings): Promise<RawManifest> {
  const { incremental } = settings;
  const { name } = request.pipeline;
  if (incremental === undefined && request.range !== undefined) throw new RangeNeedsCursorError(name);
  checkColumn(request, settings);
  const cursor = await readCursor(request, settings);
  const source = incrementalSource(request, settings, new Date(cursor.extracted_at));
  const scope =
    source === undefined || settings.parent !== undefined ? undefined : new IncrementalScope(source, request.watermark);
  const base = baseRequest(request, settings, scope?.window);
  const client = await openClient(request, settings);
  const shown = client.parts.redactor.url(base.url);
  const extraction = new ApiExtraction(request, settings, client, cursor, shown);
  if (scope !== undefined) extraction.enter(scope);
  const marks = source === undefined ? undefined : new ParentMarks(source, request.watermark);
  try {
    const stopped = await readRows(extraction, base, marks);
    // What was read before an error is good: the same run goes on behind it.
    await extraction.save().catch((thrown: unknown) => {
      throw stopped ?? thrown;
    });
    if (stopped !== undefined && !(stopped instanceof DeadlineReachedError)) throw stopped;
    const complete = extraction.cursor.position === null;
    const watermark =
      complete && settings.parent !== undefined ? marks?.watermark(extraction.cursor.parents?.marks) : undefined;
    return await extraction.finish(complete, watermark);
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
async function readRows(
  extraction: ApiExtraction,
  base: BaseRequest,
  marks: ParentMarks | undefined,
): Promise<unknown> {
  const { settings } = extraction;
  try {
    if (settings.parent === undefined) await readPages(extraction, base);
    else {
      await listParents(extraction, settings.parent);
      const { dataSource } = extraction.request.pipeline;
      const concurrency = settings.concurrency ?? dataSource.concurrency ?? defaultConcurrency;
      const baseOf = (window: Window | undefined): BaseRequest => baseRequest(extraction.request, settings, window);
      await readChildren(extraction, settings.parent, baseOf, marks, concurrency);
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
    put(call, incremental.in, incremental.start_param, jsonOf(window.start));
  }
  if (incremental.end_param !== undefined && window.end !== undefined) {
    put(call, incremental.in, incremental.end_param, jsonOf(window.end));
  }
  return { ...base, url: call.url, headers: call.headers, body: call.body };
}

/** A number is one in a body; elsewhere there are only characters. */
function jsonOf({ numeric, text }: BoundParameter): RawJson {
  return new RawJson(numeric ? text : JSON.stringify(text));
}

function incrementalSource(
  { pipeline, range }: ExtractRequest,
  { incremental, key_columns: keyColumns, load_mode }: ApiSettings,
  startedAt: Date,
): IncrementalSource | undefined {
  if (incremental === undefined) return undefined;
  const tellsApart = !loadModeTraits[load_mode].repeatsAreHarmless;
  return { pipeline: pipeline.name, settings: incremental, keyColumns, tellsApart, range, startedAt };
}

/** @throws {CursorColumnChangedError} when the watermark is one of another column */
function checkColumn({ pipeline, range, watermark }: ExtractRequest, { incremental }: ApiSettings): void {
  if (incremental === undefined || watermark === undefined || range !== undefined) return;
  if (watermark.cursor_column === incremental.cursor_column) return;
  throw new CursorColumnChangedError(pipeline.name, watermark.cursor_column, incremental.cursor_column);
}
