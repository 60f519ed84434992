import { byTime, changedSince, iso, page, type SmallApi } from './small-api.ts';

interface Query {
  readonly query: string;
  readonly variables: { readonly after?: string; readonly changed?: string };
}
const cost = {
  cost: {
    requestedQueryCost: 70,
    actualQueryCost: null,
    throttleStatus: { maximumAvailable: 1000, currentlyAvailable: 66, restoreRate: 50 },
  },
};

export const shopify: SmallApi = {
  incremental: true,
  itemOf: ({ id, name, updatedAt }) => ({
    id: Number(String(id).split('/').at(-1)),
    at: Date.parse(String(updatedAt)),
    name: String(name),
  }),
  answer: ({ body, headers, method, url }, { count, items }) => {
    if (headers['x-shopify-access-token'] !== 'value-of-SHOPIFY_TOKEN')
      return { status: 401, body: { errors: '[API] Invalid API key or access token' } };
    if (method !== 'POST' || !/^\/admin\/api\/20\d\d-(01|04|07|10)\/graphql\.json$/.test(url.pathname))
      return { status: 404, body: { errors: 'Not Found' } };
    // Every other request is one too many.
    if (count % 2 === 1) {
      return { body: { errors: [{ message: 'Throttled', extensions: { code: 'THROTTLED' } }], extensions: cost } };
    }
    const { query, variables } = JSON.parse(body) as Query;
    const first = Number(
      /orders\(first: (\d+), after: \$after, query: \$changed, sortKey: UPDATED_AT\)/.exec(query)?.[1],
    );
    const from = /^updated_at:>='([^']+)'$/.exec(variables.changed ?? '')?.[1];
    if (!(first <= 250) || from === undefined) return { body: { errors: [{ message: 'Parse error', locations: [] }] } };
    const { next, rows } = page(byTime(changedSince(items, from)), Number(variables.after?.slice(1) ?? 0));
    const nodes = rows.map(({ at, id, name }) => ({ id: `gid://shopify/Order/${id}`, name, updatedAt: iso(at) }));
    // The end cursor stays where there is no next page.
    const pageInfo = { hasNextPage: next !== undefined, endCursor: rows.length === 0 ? null : `c${next ?? 99}` };
    return { body: { data: { orders: { nodes, pageInfo } }, extensions: cost } };
  },
};
