import type { ParentSettings } from '../../config/source-parent.ts';
import { PartWriter } from '../part-writer.ts';
import type { ApiExtraction } from './api-extraction.ts';
import { ParentFieldMissingError } from './errors.ts';
import { pagePlan } from './fetch-page.ts';
import { fetchPage } from './follow-pages.ts';
import { firstPosition } from './page-position.ts';
import type { RowSink } from './page-records.ts';
import { neededFields, parentReader } from './parent-fields.ts';
import { commonHeaders } from './request-headers.ts';
import { sequenceRequest } from './sequence-request.ts';
import { RequestTemplate } from './template/request-template.ts';

/**
 * Lists the rows of the parent endpoint and keeps what is needed of each, page by page.
 *
 * @throws {ParentFieldMissingError} and what `fetchPage` throws; pages before are kept
 */
export async function listParents(extraction: ApiExtraction, parent: ParentSettings): Promise<void> {
  const { client, request, settings } = extraction;
  const { endpoint, params } = parent;
  const texts = {
    method: 'GET',
    endpoint,
    params,
    headers: commonHeaders(request, settings),
    body: undefined,
  } as const;
  const listing = new RequestTemplate(texts, request.pipeline.dataSource.base_url);
  const plan = pagePlan(
    sequenceRequest(listing, extraction.scope, undefined),
    { ...parent, include: {}, no_rows_statuses: [] },
    settings,
  );
  const read = parentReader(neededFields(settings, parent.include), parent.endpoint);
  const nameOf = (index: number): string => `${request.prefix}/raw/parents-${String(index).padStart(5, '0')}.ndjson`;
  const writer = new PartWriter(request.store, nameOf, extraction.cursor.parents?.locations.length ?? 0, Infinity);
  try {
    while (extraction.cursor.parents?.listed === false && extraction.cursor.position !== null) {
      const { cursor } = extraction;
      const known = extraction.cursor.parents;
      const room = parent.max_rows === undefined ? Infinity : parent.max_rows - known.count;
      let lines: Buffer[] = [];
      const sink: RowSink = {
        restart: async () => {
          lines = [];
        },
        row: (line) => {
          lines.push(Buffer.from(`${JSON.stringify(read(line))}\n`));
          return lines.length < room;
        },
        reject: () => {
          throw new ParentFieldMissingError(parent.endpoint, Object.values(parent.include)[0] ?? 'any field');
        },
        flush: async () => undefined,
      };
      const position = cursor.position ?? firstPosition;
      const { content, next, warnings } = await fetchPage(client, plan, position, sink, () => lines.length >= room);
      await writer.write(Buffer.concat(lines));
      const sealed = (await writer.seal()).map(({ location }) => location);
      extraction.cursor = {
        ...cursor,
        position: next ?? firstPosition,
        parents: {
          ...known,
          locations: [...known.locations, ...sealed],
          listed: next === null,
          count: known.count + lines.length,
        },
        bytes_read: cursor.bytes_read + content.bytes,
      };
      extraction.warn(warnings);
      await extraction.save();
    }
  } finally {
    await writer.discard();
  }
}
