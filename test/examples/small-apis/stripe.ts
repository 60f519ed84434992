import { bearer, byTime, isSize, page, type SmallApi, unknownParameter } from './small-api.ts';

const bounds = ['gt', 'gte', 'lt', 'lte'].map((name) => `created[${name}]`);
const known = ['customer', 'payment_intent', 'transfer_group', 'limit', 'starting_after', 'ending_before', ...bounds];
const failed = (status: number, message: string) => ({
  status,
  body: { error: { type: 'invalid_request_error', message } },
});

export const stripe: SmallApi = {
  incremental: true,
  itemOf: ({ created, id, name }) => ({
    id: Number(String(id).slice(3)),
    at: Number(created) * 1_000,
    name: String(name),
  }),
  answer: (request, { items }) => {
    const { searchParams: query } = request.url;
    if (!bearer(request, 'value-of-STRIPE_KEY')) return failed(401, 'Invalid API Key provided');
    const unknown = unknownParameter(request, known);
    if (unknown !== undefined) return failed(400, `Received unknown parameter: ${unknown}`);
    if (!isSize(query.get('limit'), 100)) return failed(400, 'Invalid limit');
    const from = Number(query.get('created[gte]') ?? 0) * 1_000;
    // "The most recent charges appearing first."
    const found = [...byTime(items.filter(({ at }) => at >= from))].reverse();
    const after = query.get('starting_after');
    if (after !== null && !items.some(({ id }) => `ch_${id}` === after))
      return failed(400, `No such charge: '${after}'`);
    const start = after === null ? 0 : found.findIndex(({ id }) => `ch_${id}` === after) + 1;
    const { next, rows } = page(found, start);
    const data = rows.map(({ at, id, name }) => ({ id: `ch_${id}`, object: 'charge', created: at / 1_000, name }));
    return { body: { object: 'list', url: '/v1/charges', has_more: next !== undefined, data } };
  },
};
