import { bearer, changedSince, iso, isSize, type Loose, page, type SmallApi, unknownParameter } from './small-api.ts';

const known =
  'timeZone userLocale pageSize maxRecords offset view sort filterByFormula cellFormat fields returnFieldsByFieldId recordMetadata'.split(
    ' ',
  );
const failed = (status: number, type: string) => ({ status, body: { error: { type, message: type } } });

export const airtable: SmallApi = {
  incremental: true,
  itemOf: ({ fields, id }) => ({
    id: Number(String(id).slice(3)),
    at: Date.parse(String((fields as Loose)['Last modified'])),
    name: String((fields as Loose).Name),
  }),
  answer: (request, { items }) => {
    const { searchParams: query } = request.url;
    if (!bearer(request, 'value-of-AIRTABLE_TOKEN')) return failed(401, 'AUTHENTICATION_REQUIRED');
    if (unknownParameter(request, known) !== undefined || !isSize(query.get('pageSize'), 100))
      return failed(422, 'INVALID_REQUEST_UNKNOWN');
    const from = /^NOT\(IS_BEFORE\(\{Last modified\}, DATETIME_PARSE\('([^']+)'\)\)\)$/.exec(
      query.get('filterByFormula') ?? '',
    )?.[1];
    if (from === undefined) return failed(422, 'INVALID_FILTER_BY_FORMULA');
    const [list, start = '0'] = query.get('offset')?.split('/rec') ?? ['itr'];
    if (list !== 'itr') return failed(422, 'LIST_RECORDS_ITERATOR_NOT_AVAILABLE');
    const { next, rows } = page(changedSince(items, from), Number(start));
    const records = rows.map(({ at, id, name }) => ({
      id: `rec${id}`,
      createdTime: iso(0),
      fields: { Name: name, 'Last modified': new Date(at).toISOString() },
    }));
    return { body: next === undefined ? { records } : { records, offset: `itr/rec${next}` } };
  },
};
