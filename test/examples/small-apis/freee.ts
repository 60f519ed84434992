import { bearer, iso, isSize, page, plainItem, type SmallApi } from './small-api.ts';

/** The newest refresh token of freee's copy: each use ends the one before. */
export interface Rotation {
  current: string;
  uses: number;
}
const failed = (status_code: number, message: string) => ({
  status: status_code,
  body: { status_code, errors: [{ type: 'status', messages: [message] }] },
});
/** A moment as freee writes it. */
const limits = {
  'x-ratelimit-limit': '10',
  'x-ratelimit-remaining': '1',
  'x-ratelimit-reset': '2023-01-13T10:22:29+09:00',
};

export const freee = (rotation: Rotation): SmallApi => ({
  incremental: false,
  itemOf: plainItem,
  answer: (request, { items }) => {
    const { searchParams: query } = request.url;
    if (request.url.pathname === '/public_api/token') {
      const form = new URLSearchParams(request.body);
      if (form.get('refresh_token') !== rotation.current || form.get('grant_type') !== 'refresh_token')
        return { status: 401, body: { error: 'invalid_grant' } };
      rotation.uses += 1;
      rotation.current = `refresh-${rotation.uses}`;
      return {
        body: { access_token: `access-${rotation.uses}`, refresh_token: rotation.current, expires_in: 21_600 },
      };
    }
    if (!bearer(request, `access-${rotation.uses}`)) return failed(401, 'ログインをして下さい');
    if (query.get('company_id') === null || !isSize(query.get('limit'), 100))
      return failed(400, '不正なリクエストです。');
    const { rows } = page(items, Number(query.get('offset')));
    const deals = rows.map(({ at, id, name }) => ({ id, updated_at: iso(at), name }));
    return { body: { deals, meta: { total_count: items.length } }, headers: limits };
  },
});
