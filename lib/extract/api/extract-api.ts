import path from 'node:path';
import { loadModeTraits } from '../../config/load-mode.ts';
import type { ApiSettings } from '../../config/pipeline.ts';
import type { RawManifest } from '../../manifest.ts';
import { DeadlineReachedError } from '../deadline-reached-error.ts';
import { CursorColumnChangedError, RangeNeedsCursorError } from '../incremental/errors.ts';
import { IncrementalScope, type IncrementalSource } from '../incremental/scope.ts';
import type { ExtractRequest } from '../request.ts';
import { fetchCursor } from '../stored-cursor.ts';
import { type ApiCursor, apiCursorSchema, settingsDigest, startCursor } from './api-cursor.ts';
import { ApiExtraction } from './api-extraction.ts';
import { conditionOf } from './conditional-requests.ts';
import { defaultConcurrency, openClient } from './open-client.ts';
import { ParentMarks } from './parent-marks.ts';
import { listPartitions } from './partitions/list-partitions.ts';
import { type Partitions, partitionsOf } from './partitions/partitions.ts';
import { readChildren } from './read-children.ts';
import { requestHeaders } from './request-headers.ts';
import { positionAfter, type Sequence } from './sequence.ts';
import { sequenceOf } from './sequence-of.ts';
import { templateEnvironment } from './template/environment.ts';
import type { RequestTexts } from './template/request-template.ts';
import { templateSecrets } from './template/secrets.ts';

/** Extracts the pages of an API, beginning where the cursor in the store stands. */
export async function extractApi(request: ExtractRequest, settings: ApiSettings): Promise<RawManifest> {
  const { incremental } = settings;
  const { name } = request.pipeline;
  if (incremental === undefined && request.range !== undefined) throw new RangeNeedsCursorError(name);
  checkColumn(request, settings);
  const texts = { ...settings, headers: requestHeaders(request, settings) };
  const partitions = partitionsOf(settings, texts);
  const cursor = await readCursor(request, settings, partitions?.levels.length ?? 0);
  const source = incrementalSource(request, settings, new Date(cursor.extracted_at));
  const scope =
    source === undefined || partitions !== undefined ? undefined : new IncrementalScope(source, request.watermark);
  const client = await openClient(request, settings);
  const known = {
    startedAt: new Date(cursor.extracted_at),
    runId: path.posix.basename(request.prefix),
    secrets: await templateSecrets(request, settings, client.parts.redactor),
    environment: await templateEnvironment(request, settings, client.parts.redactor),
  };
  const extraction = new ApiExtraction(request, settings, client, cursor, known);
  if (scope !== undefined) extraction.enter(scope);
  const marks = source === undefined ? undefined : new ParentMarks(source, request.watermark);
  try {
    const stopped = await readRows(extraction, texts, partitions, scope, marks);
    // What was read before an error is good: the same run goes on behind it.
    await extraction.save().catch((thrown: unknown) => {
      throw stopped ?? thrown;
    });
    if (stopped !== undefined && !(stopped instanceof DeadlineReachedError)) throw stopped;
    const complete = extraction.cursor.position === null;
    const watermark =
      complete && partitions !== undefined ? marks?.watermark(extraction.cursor.parents?.marks) : undefined;
    return await extraction.finish(complete, watermark);
  } finally {
    client.close();
    await extraction.discard();
  }
}

async function readCursor(request: ExtractRequest, settings: ApiSettings, levels: number): Promise<ApiCursor> {
  const digest = settingsDigest(settings, [request.pipeline.dataSource.base_url, request.range, request.watermark]);
  const stored = await fetchCursor(request, apiCursorSchema, digest);
  return stored ?? startCursor(digest, request.clock.now(), levels);
}

/** Reads until the last page, the deadline, or an error; gives back what stopped it. */
async function readRows(
  extraction: ApiExtraction,
  texts: RequestTexts,
  partitions: Partitions | undefined,
  scope: IncrementalScope | undefined,
  marks: ParentMarks | undefined,
): Promise<unknown> {
  const { settings } = extraction;
  try {
    if (partitions === undefined) {
      const condition = conditionOf(extraction.request, settings);
      await readPages(extraction, sequenceOf(extraction, texts, scope, {}, condition));
    } else {
      await listPartitions(extraction, partitions);
      const { dataSource } = extraction.request.pipeline;
      const concurrency = settings.concurrency ?? dataSource.concurrency ?? defaultConcurrency;
      await readChildren(extraction, partitions, texts, marks, concurrency);
    }
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

async function readPages(extraction: ApiExtraction, sequence: Sequence): Promise<void> {
  while (extraction.cursor.position !== null) {
    const { position } = extraction.cursor;
    const sink = extraction.sink(position.rows);
    const step = await sequence
      .read(position, sink, () => sink.enough)
      .catch((thrown: unknown) => {
        extraction.cursor = { ...extraction.cursor, position: positionAfter(thrown, position) };
        throw thrown;
      });
    extraction.warn(step.warnings);
    extraction.recognise(step.recognised);
    extraction.keep(
      sink,
      { bytes: step.content.bytes, digests: step.digests },
      {
        position: step.next,
        validator: step.validator,
        not_modified: step.notModified,
      },
    );
    if (step.keepAtOnce || extraction.settings.format === 'parquet') await extraction.save();
    else await extraction.saveIfDue();
  }
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
