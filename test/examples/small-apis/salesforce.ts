import { bearer, byTime, changedSince, page, type SmallApi } from './small-api.ts';

const failed = (status: number, errorCode: string) => ({ status, body: [{ message: errorCode, errorCode }] });
const version = '/services/data/v66.0/query';

export const salesforce: SmallApi = {
  incremental: true,
  itemOf: ({ Id, Name, SystemModstamp }) => ({
    id: Number(Id),
    at: Date.parse(String(SystemModstamp).replace('+0000', 'Z')),
    name: String(Name),
  }),
  answer: (request, { items }) => {
    const { body, headers, method, url } = request;
    if (url.pathname === '/services/oauth2/token') {
      const form = new URLSearchParams(body);
      const inHeader = Buffer.from('value-of-SALESFORCE_ID:value-of-SALESFORCE_SECRET').toString('base64');
      const isKnown =
        headers.authorization === `Basic ${inHeader}` || form.get('client_secret') === 'value-of-SALESFORCE_SECRET';
      return method === 'POST' && form.get('grant_type') === 'client_credentials' && isKnown
        ? { body: { access_token: 'sf', instance_url: url.origin, token_type: 'Bearer', issued_at: '1772323200000' } }
        : { status: 400, body: { error: 'invalid_client' } };
    }
    if (!bearer(request, 'sf')) return failed(401, 'INVALID_SESSION_ID');
    if (!url.pathname.startsWith(version)) return failed(404, 'NOT_FOUND');
    const [, locator, start] = /\/query\/([^-]+)-(\d+)$/.exec(url.pathname) ?? [];
    const soql = locator === undefined ? (url.searchParams.get('q') ?? '') : Buffer.from(locator, 'hex').toString();
    // A time of SOQL stands without quotes.
    const since =
      /^SELECT .+ FROM Account WHERE SystemModstamp >= (\d{4}-\d\d-\d\dT\S+Z) ORDER BY SystemModstamp$/.exec(soql)?.[1];
    if (since === undefined) return failed(400, 'MALFORMED_QUERY');
    const found = byTime(changedSince(items, since));
    const { next, rows } = page(found, Number(start ?? 0));
    const records = rows.map(({ at, id, name }) => ({
      attributes: { type: 'Account', url: `/services/data/v66.0/sobjects/Account/${id}` },
      Id: String(id),
      Name: name,
      Industry: null,
      SystemModstamp: new Date(at).toISOString().replace('Z', '+0000'),
    }));
    const nextRecordsUrl = `${version}/${Buffer.from(soql).toString('hex')}-${next}`;
    const more = next === undefined ? {} : { nextRecordsUrl };
    return { body: { totalSize: found.length, done: next === undefined, ...more, records } };
  },
};
