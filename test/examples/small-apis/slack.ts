import { bearer, byTime, type Item, isSize, page, type SmallApi, unknownParameter } from './small-api.ts';

const known = 'channel cursor include_all_metadata inclusive latest limit oldest'.split(' ');
const failed = (error: string) => ({ body: { ok: false, error } });

export const slack: SmallApi = {
  incremental: true,
  itemOf: ({ text, ts }) => ({
    id: Number(String(ts).split('.')[1]),
    at: Number(String(ts).split('.')[0]) * 1_000,
    name: String(text),
  }),
  answer: (request, { items }) => {
    const { searchParams: query } = request.url;
    if (!bearer(request, 'value-of-SLACK_TOKEN')) return failed('invalid_auth');
    if (request.url.pathname !== '/api/conversations.history') return failed('unknown_method');
    if (query.get('channel') === null) return failed('channel_not_found');
    if (unknownParameter(request, known) !== undefined || !isSize(query.get('limit'), 999))
      return failed('invalid_arguments');
    const ts = ({ at, id }: Item): string => `${at / 1_000}.${String(id).padStart(6, '0')}`;
    const oldest = Number(query.get('oldest') ?? 0);
    const isInclusive = query.get('inclusive') === 'true';
    const isIn = (item: Item): boolean => Number(ts(item)) > oldest || (isInclusive && Number(ts(item)) === oldest);
    // The newest first.
    const found = [...byTime(items.filter(isIn))].reverse();
    const { next, rows } = page(found, Number(query.get('cursor')?.slice(1) ?? 0));
    return {
      body: {
        ok: true,
        messages: rows.map((item) => ({ type: 'message', user: 'U1', ts: ts(item), text: item.name })),
        has_more: next !== undefined,
        pin_count: 0,
        response_metadata: { next_cursor: next === undefined ? '' : `c${next}` },
      },
    };
  },
};
