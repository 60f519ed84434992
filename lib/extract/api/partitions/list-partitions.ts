import { createHash } from 'node:crypto';
import type { ApiSettings } from '../../../config/pipeline.ts';
import { fileLines } from '../../file-lines.ts';
import { PartWriter } from '../../part-writer.ts';
import type { ApiCursor } from '../api-cursor.ts';
import type { ApiExtraction } from '../api-extraction.ts';
import { ApiStatusError, ParentFieldMissingError } from '../errors.ts';
import { type FetchedPage, pagePlan } from '../fetch-page.ts';
import { fetchPage } from '../follow-pages.ts';
import { firstPosition, type PagePosition } from '../page-position.ts';
import type { RowSink } from '../page-records.ts';
import { parentReader } from '../parent-fields.ts';
import { commonHeaders } from '../request-headers.ts';
import { sequenceRequest } from '../sequence-request.ts';
import { RequestTemplate } from '../template/request-template.ts';
import type { ParentFields } from '../template/template-value.ts';
import { partitionLists } from './partition-lists.ts';
import { isAbove, listTexts, nameBelow, type PartitionLevel, type Partitions } from './partitions.ts';

type Known = NonNullable<ApiCursor['parents']>;

/** Pages of lists are made durable at least this often, so that a crash costs little. */
const saveEveryMs = 15_000;

/**
 * Lists what requests are made for, level by level, and keeps what is needed of each.
 *
 * @throws {ParentFieldMissingError} and what `fetchPage` throws; pages before are kept
 * Killed midway: the lists so far and the place in them agree.
 */
export async function listPartitions(extraction: ApiExtraction, { levels }: Partitions): Promise<void> {
  for (let known = extraction.cursor.parents; known?.listed === false; known = extraction.cursor.parents) {
    const index = known.level ?? levels.length - 1;
    const level = levels[index];
    if (level === undefined) return;
    const isLast = index === levels.length - 1;
    const after = (listed: Known): Known =>
      isLast
        ? { ...listed, listed: true, outer: undefined }
        : { ...listed, level: index + 1, outer: { locations: listed.locations, done: 0 }, locations: [], count: 0 };
    const nameOf = (part: number): string =>
      `${extraction.request.prefix}/raw/parents${isLast ? '' : `-${index}`}-${String(part).padStart(5, '0')}.ndjson`;
    const writer = new PartWriter(extraction.request.store, nameOf, known.locations.length, Infinity);
    try {
      if (level.kind === 'endpoint') await listEndpoint(extraction, level, levels[index - 1], writer, after);
      else await listAtOnce(extraction, level.kind, level, writer, after);
    } finally {
      await writer.discard();
    }
  }
}

/** A list that is small or cheap enough to be read anew after a crash. The same value again is the same partition. */
async function listAtOnce(
  extraction: ApiExtraction,
  kind: Exclude<PartitionLevel['kind'], 'endpoint'>,
  { names, settings }: PartitionLevel,
  writer: PartWriter,
  after: (listed: Known) => Known,
): Promise<void> {
  const read = parentReader(names, `for_each.${kind}`);
  const seen = new Set<string>();
  let lines: string[] = [];
  for await (const row of partitionLists[kind](settings, extraction.request)) {
    if (settings.max_rows !== undefined && seen.size >= settings.max_rows) break;
    const line = `${JSON.stringify(read(row))}\n`;
    const digest = createHash('sha256').update(line).digest('base64');
    if (seen.has(digest)) continue;
    seen.add(digest);
    lines.push(line);
    if (lines.length < 10_000) continue;
    await writer.write(Buffer.from(lines.join('')));
    lines = [];
  }
  await writer.write(Buffer.from(lines.join('')));
  const sealed = (await writer.seal()).map(({ location }) => location);
  const { parents } = extraction.cursor;
  if (parents === undefined) return;
  const listed = after({ ...parents, locations: sealed, count: seen.size });
  extraction.cursor = { ...extraction.cursor, position: firstPosition, parents: listed };
  await extraction.save();
}

/** The pages of an endpoint, for each partition of the level above where there is one. */
async function listEndpoint(
  extraction: ApiExtraction,
  level: PartitionLevel,
  outer: PartitionLevel | undefined,
  writer: PartWriter,
  after: (listed: Known) => Known,
): Promise<void> {
  const { client, request } = extraction;
  const settings = withoutSlices(extraction.settings);
  const { settings: list } = level;
  const texts = { ...listTexts(list), headers: commonHeaders(request, settings) };
  const template = new RequestTemplate(texts, request.pipeline.dataSource.base_url);
  const own = level.names.filter((name) => outer === undefined || !isAbove(name));
  const read = parentReader(own, list.endpoint ?? '');
  let state = stateOf(extraction);
  let savedAt = request.clock.now().getTime();
  const keep = async (finished: boolean): Promise<void> => {
    const { parents } = extraction.cursor;
    if (parents === undefined) return;
    const sealed = (await writer.seal()).map(({ location }) => location);
    const above = parents.outer === undefined ? undefined : { ...parents.outer, done: state.outerDone };
    const locations = [...parents.locations, ...sealed];
    const known = { ...parents, locations, count: state.count, outer: above };
    extraction.cursor = {
      ...extraction.cursor,
      position: state.position,
      parents: finished ? after(known) : known,
      bytes_read: extraction.cursor.bytes_read + state.bytes,
    };
    state = { ...state, bytes: 0 };
    await extraction.save();
    savedAt = request.clock.now().getTime();
  };
  try {
    for await (const above of outerPartitions(extraction, outer)) {
      const known = outer === undefined ? {} : above;
      const filled = sequenceRequest(template, { ...extraction.scope, window: undefined, parent: known }, undefined);
      const statuses = { no_rows_statuses: [...(outer?.settings.no_rows_statuses ?? [])], include: {} };
      const plan = pagePlan(filled, { ...list, ...statuses, max_pages: undefined }, settings);
      for (let position: PagePosition | null = state.position; position !== null; ) {
        const room = list.max_rows === undefined ? Infinity : list.max_rows - state.count;
        const page = pageOf(writer, read, known, list.endpoint ?? '', room);
        const isFirst: boolean = position.page === 1;
        const step: FetchedPage | undefined = await fetchPage(client, plan, position, page.sink, page.enough).catch(
          (thrown: unknown) => {
            if (!(thrown instanceof ApiStatusError) || !isFirst) throw thrown;
            if (outer?.settings.skip_statuses.includes(thrown.status) !== true) throw thrown;
            extraction.warn([skippedWarning]);
            return undefined;
          },
        );
        await page.sink.flush();
        extraction.warn(step?.warnings ?? []);
        position = step?.next ?? null;
        state = {
          position: position ?? firstPosition,
          count: state.count + page.count(),
          bytes: state.bytes + (step?.content.bytes ?? 0),
          outerDone: state.outerDone + (position === null ? 1 : 0),
        };
        const isDue = request.clock.now().getTime() - savedAt >= saveEveryMs || outer === undefined;
        if (isDue && position !== null) await keep(false);
      }
    }
  } catch (thrown) {
    // What was read before an error is good: the same run goes on behind it.
    await keep(false).catch(() => undefined);
    throw thrown;
  }
  await keep(true);
}

/** A list has no slices that could be halved. */
function withoutSlices(settings: ApiSettings): ApiSettings {
  const { incremental } = settings;
  return incremental === undefined ? settings : { ...settings, incremental: { ...incremental, split_when: undefined } };
}

const skippedWarning = 'The lists of for_each leave out what the API answered for with one of skip_statuses.';

function stateOf({ cursor }: ApiExtraction) {
  const { outer, count = 0 } = cursor.parents ?? {};
  return { position: cursor.position ?? firstPosition, count, bytes: 0, outerDone: outer?.done ?? 0 };
}

/** A page of a list: how many lines it has, and the sink that writes them down. */
function pageOf(
  writer: PartWriter,
  read: (line: Buffer) => ParentFields,
  above: ParentFields,
  endpoint: string,
  room: number,
) {
  const mark = writer.mark();
  let lines: string[] = [];
  let count = 0;
  const inherited = Object.entries(above).map(([name, json]) => [nameBelow(name), json] as const);
  const sink: RowSink = {
    restart: async () => {
      lines = [];
      count = 0;
      await writer.rewind(mark);
    },
    row: (line) => {
      lines.push(`${JSON.stringify({ ...read(line), ...Object.fromEntries(inherited) })}\n`);
      count += 1;
      return count < room;
    },
    reject: () => {
      throw new ParentFieldMissingError(endpoint, 'any field');
    },
    flush: async () => {
      await writer.write(Buffer.from(lines.join('')));
      lines = [];
    },
  };
  return { count: () => count, sink, enough: () => count >= room };
}

/** What is left of the level above; one that says nothing where there is none. */
async function* outerPartitions(
  extraction: ApiExtraction,
  outer: PartitionLevel | undefined,
): AsyncGenerator<ParentFields> {
  const known: Known | undefined = extraction.cursor.parents;
  if (outer === undefined) {
    yield {};
    return;
  }
  yield* partitionLines(extraction, known?.outer?.locations ?? [], known?.outer?.done ?? 0);
}

/** The partitions in some files, but for the first ones. */
export async function* partitionLines(
  { request }: ApiExtraction,
  locations: readonly string[],
  done: number,
): AsyncGenerator<ParentFields> {
  let passed = 0;
  for (const location of locations) {
    for await (const line of fileLines(await request.store.localPath(location))) {
      passed += 1;
      if (passed > done) yield JSON.parse(line.toString()) as ParentFields;
    }
  }
}
