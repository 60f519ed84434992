import { iso, type Loose, pageRows, type SmallApi, unknownParameter } from './small-api.ts';

const failed = (code: string) => ({ status: 400, body: { code, id: 'x', message: code } });

export const kintone: SmallApi = {
  incremental: false,
  itemOf: (row) => {
    const value = (name: string): string => String((row[name] as Loose).value);
    return { id: Number(value('$id')), at: Date.parse(value('更新日時')), name: value('名前') };
  },
  answer: (request, { items }) => {
    const { headers, url } = request;
    if (headers['x-cybozu-api-token'] !== 'value-of-KINTONE_TOKEN')
      return { status: 403, body: { code: 'CB_NO02', id: 'x', message: 'No privilege to proceed.' } };
    if (url.pathname !== '/k/v1/records.json' || url.searchParams.get('app') === null) return failed('CB_IL02');
    // The header belongs to requests with a body.
    if (headers['content-type'] !== undefined) return failed('CB_IJ01');
    if (unknownParameter(request, ['app', 'query', 'fields', 'totalCount']) !== undefined) return failed('CB_VA01');
    const [, after, limit] =
      /^\$id > (\d+) order by \$id asc limit (\d+)$/.exec(url.searchParams.get('query') ?? '') ?? [];
    if (after === undefined || Number(limit) > 500) return failed('CB_VA01');
    const rows = items.filter(({ id }) => id > Number(after)).slice(0, pageRows);
    const records = rows.map(({ at, id, name }) => ({
      $id: { type: '__ID__', value: String(id) },
      $revision: { type: '__REVISION__', value: '1' },
      更新日時: { type: 'UPDATED_TIME', value: iso(at) },
      名前: { type: 'SINGLE_LINE_TEXT', value: name },
    }));
    return { body: { records, totalCount: null } };
  },
};
