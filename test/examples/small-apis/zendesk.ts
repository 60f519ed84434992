import { isSize, page, type SmallApi, unknownParameter } from './small-api.ts';

const known = 'start_time cursor per_page include exclude_deleted support_type_scope'.split(' ');
const failed = (status: number, error: string, description: string) => ({ status, body: { error, description } });

export const zendesk: SmallApi = {
  incremental: true,
  itemOf: ({ generated_timestamp, id, subject }) => ({
    id: Number(id),
    at: Number(generated_timestamp) * 1_000,
    name: String(subject),
  }),
  answer: (request, { items, now }) => {
    const { headers, url } = request;
    const pair = Buffer.from('value-of-ZENDESK_USER:value-of-ZENDESK_TOKEN').toString('base64');
    if (headers.authorization !== `Basic ${pair}`) return failed(401, 'Unauthorized', "Couldn't authenticate you");
    if (url.pathname !== '/api/v2/incremental/tickets/cursor.json') return failed(404, 'InvalidEndpoint', 'Not found');
    const unknown = unknownParameter(request, known);
    if (unknown !== undefined || !isSize(url.searchParams.get('per_page'), 1_000))
      return failed(400, 'InvalidValue', `${unknown}`);
    const cursor = url.searchParams.get('cursor');
    const [start = '', from] = cursor === null ? [url.searchParams.get('start_time') ?? '', '0'] : cursor.split('.');
    if (!/^\d+$/.test(start)) return failed(400, 'StartTimeMissing', 'The start_time parameter is required');
    if (Number(start) * 1_000 > now.getTime() - 300_000) {
      return failed(422, 'InvalidValue', 'Too recent start_time. Use a start_time older than 5 minutes');
    }
    // "Created or changed on or after the start time", but for the minute before the request.
    const found = items
      .filter(({ at }) => at >= Number(start) * 1_000 && at <= now.getTime() - 60_000)
      .sort((a, b) => a.at - b.at || a.id - b.id);
    const { next, rows } = page(found, Number(from));
    const after = `${start}.${next ?? found.length}`;
    return {
      body: {
        tickets: rows.map(({ at, id, name }) => ({ id, subject: name, generated_timestamp: at / 1_000 })),
        after_url: `${url.origin}${url.pathname}?cursor=${after}`,
        after_cursor: after,
        before_url: null,
        before_cursor: null,
        end_of_stream: next === undefined,
      },
    };
  },
};
