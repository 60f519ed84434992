import { bearer, iso, plainItem, type SmallApi, unknownParameter } from './small-api.ts';

const known = ['majorDimension', 'valueRenderOption', 'dateTimeRenderOption'];
const failed = (code: number, status: string) => ({ status: code, body: { error: { code, message: status, status } } });

export const googleSheets: SmallApi = {
  incremental: false,
  itemOf: plainItem,
  answer: (request, { items }) => {
    const form = new URLSearchParams(request.body);
    if (request.url.pathname === '/token') {
      return form.get('assertion')?.split('.').length === 3 &&
        form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer'
        ? { body: { access_token: 'g', expires_in: 3599, token_type: 'Bearer' } }
        : { status: 400, body: { error: 'invalid_grant' } };
    }
    if (!bearer(request, 'g')) return failed(401, 'UNAUTHENTICATED');
    if (!/^\/v4\/spreadsheets\/[^/]+\/values\/Sheet1$/.test(request.url.pathname)) return failed(404, 'NOT_FOUND');
    if (unknownParameter(request, known) !== undefined) return failed(400, 'INVALID_ARGUMENT');
    // Empty cells at the end of a row are left out.
    const rows = items.map(({ at, id, name }) => [id, iso(at), name, ...(id === 1 ? ['a note'] : [])]);
    return {
      body: {
        range: 'Sheet1!A1:Z1000',
        majorDimension: 'ROWS',
        values: [['id', 'updated_at', 'name', 'note'], ...rows],
      },
    };
  },
};
