import { bearer, byTime, isSize, type Loose, page, type SmallApi } from './small-api.ts';

interface Search {
  readonly after?: string;
  readonly limit?: number;
  readonly sorts?: readonly unknown[];
  readonly filterGroups: readonly { readonly filters: readonly { operator: string; value: string }[] }[];
}
const failed = (status: number, message: string) => ({ status, body: { status: 'error', message, category: 'X' } });

export const hubspot: SmallApi = {
  incremental: true,
  itemOf: ({ id, properties, updatedAt }) => ({
    id: Number(id),
    at: Date.parse(String(updatedAt)),
    name: String((properties as Loose).firstname),
  }),
  answer: (request, { cap = 10_000, items }) => {
    if (!bearer(request, 'value-of-HUBSPOT_TOKEN')) return failed(401, 'Authentication credentials not found');
    if (request.method !== 'POST' || request.url.pathname !== '/crm/v3/objects/contacts/search')
      return failed(405, 'no');
    const { after, filterGroups, limit, sorts = [] } = JSON.parse(request.body) as Search;
    const tooMany = filterGroups.length > 5 || filterGroups.some(({ filters }) => filters.length > 6);
    if (tooMany || sorts.length > 1 || !isSize(limit, 200)) return failed(400, 'There was a problem with the request.');
    const value = (operator: string): number =>
      Number(filterGroups[0]?.filters.find((filter) => filter.operator === operator)?.value);
    const found = byTime(items.filter(({ at }) => at >= value('GTE') && at < value('LT')));
    const start = Number(after ?? 0);
    if (start >= cap) return failed(400, 'The request is invalid: paging beyond the results of a query.');
    const { next, rows } = page(found, start);
    const results = rows.map(({ at, id, name }) => ({
      id: String(id),
      properties: { firstname: name, hs_object_id: String(id), lastmodifieddate: new Date(at).toISOString() },
      createdAt: '2020-01-01T00:00:00.000Z',
      updatedAt: new Date(at).toISOString(),
      archived: false,
    }));
    const paging = next === undefined ? {} : { paging: { next: { after: String(next), link: '?after=' } } };
    return { body: { total: found.length, results, ...paging } };
  },
};
