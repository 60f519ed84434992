import { bearer, byTime, isSize, type Loose, page, type SmallApi } from './small-api.ts';

interface Bound {
  readonly timestamp: string;
  readonly last_edited_time: { readonly on_or_after?: string; readonly before?: string };
}
const failed = (status: number, code: string) => ({ status, body: { object: 'error', status, code, message: code } });

export const notion: SmallApi = {
  incremental: true,
  itemOf: ({ id, last_edited_time, properties }) => ({
    id: Number(id),
    at: Date.parse(String(last_edited_time)),
    name: String((properties as Loose).Name),
  }),
  answer: (request, { cap = 10_000, items }) => {
    if (!bearer(request, 'value-of-NOTION_TOKEN')) return failed(401, 'unauthorized');
    if (request.headers['notion-version'] !== '2026-03-11') return failed(400, 'missing_version');
    if (!/^\/v1\/data_sources\/[0-9a-f-]{36}\/query$/.test(request.url.pathname))
      return failed(400, 'invalid_request_url');
    const { filter, page_size, start_cursor } = JSON.parse(request.body) as {
      readonly page_size?: number;
      readonly start_cursor?: string;
      readonly filter: { readonly and: readonly Bound[] };
    };
    if (!isSize(page_size, 100) || start_cursor === null) return failed(400, 'validation_error');
    const times = filter.and.map(({ last_edited_time }) => last_edited_time);
    const from = Date.parse(times.find((time) => time.on_or_after !== undefined)?.on_or_after ?? '');
    const to = Date.parse(times.find((time) => time.before !== undefined)?.before ?? '');
    const all = byTime(items.filter(({ at }) => at >= from && at < to));
    const found = all.slice(0, cap);
    const { next, rows } = page(found, Number(start_cursor ?? 0));
    const results = rows.map(({ at, id, name }) => ({
      object: 'page',
      id: String(id),
      last_edited_time: new Date(at).toISOString(),
      in_trash: false,
      properties: { Name: name },
    }));
    const cut = { request_status: { type: 'incomplete', incomplete_reason: 'query_result_limit_reached' } };
    return {
      body: {
        object: 'list',
        type: 'page_or_data_source',
        results,
        next_cursor: next === undefined ? null : String(next),
        has_more: next !== undefined,
        ...(all.length > cap ? cut : {}),
      },
    };
  },
};
