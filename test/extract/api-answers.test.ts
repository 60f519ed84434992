import { gzipSync } from 'node:zlib';
import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { readLines, readRejected, readRows, sendJson, setup, startApi } from './extract-setup.ts';

const source = { source_type: 'api', endpoint: 'rows' };

/** What is read from one response. */
async function read(body: string | Buffer, contentType: string, settings: object = {}) {
  const api = await startApi((_, response) => {
    response.writeHead(200, contentType === '' ? {} : { 'content-type': contentType });
    response.end(body);
  });
  const { request } = setup({ ...source, ...settings }, { base_url: api.url });
  const manifest = await extract(request);
  return {
    rows: await readRows(request, manifest),
    lines: await readLines(request, manifest),
    rejected: await readRejected(request, manifest),
  };
}

describe('a body is sent', () => {
  it('as a form, with lists as the API wants them and pages beside them', async () => {
    const api = await startApi(({ body, headers }, response) => {
      const form = new URLSearchParams(body);
      const good =
        headers['content-type'] === 'application/x-www-form-urlencoded' && form.getAll('type[]').join() === 'a,b';
      const page = Number(form.get('page.number'));
      sendJson(response, good && page < 3 ? [{ id: page, q: form.get('q') }] : []);
    });
    const { request } = setup(
      {
        ...source,
        method: 'POST',
        body_format: 'form',
        array_format: 'bracketed',
        body: { type: ['a', 'b'], q: 'ü & {now:date}' },
        pagination: { type: 'page_number', in: 'body', page_param: 'page.number' },
      },
      { base_url: api.url },
    );
    const q = 'ü & 2026-11-01';
    expect(await readRows(request, await extract(request))).toEqual([
      { id: 1, q },
      { id: 2, q },
    ]);
  });

  it.each([
    ['repeated', 'ids=1&ids=b%2Cc&flag=true'],
    ['bracketed', 'ids%5B%5D=1&ids%5B%5D=b%2Cc&flag=true'],
    ['indexed', 'ids%5B0%5D=1&ids%5B1%5D=b%2Cc&flag=true'],
    ['commas', 'ids=1%2Cb%2Cc&flag=true'],
  ])('with lists in the query that are %s', async (array_format, query) => {
    const api = await startApi((_, response) => sendJson(response, [{ id: 1 }]));
    const params = { ids: [1, 'b,c'], flag: true };
    const { request } = setup({ ...source, params, array_format }, { base_url: api.url });
    await extract(request);
    expect(api.seen[0]?.url.search.slice(1)).toBe(query);
  });
});

describe('a response in CSV', () => {
  it('is read by its Content-Type, values as they stand, no value as null', async () => {
    const text = '\uFEFFid,name,price\r\n007,"a ""b"", c",1.10\r\n12345678901234567890,,"" \r\n\r\n3,"x\ny",z\r\n';
    const { rows } = await read(text.replace('"" ', '""'), 'text/csv; charset=utf-8');
    expect(rows).toEqual([
      { id: '007', name: 'a "b", c', price: '1.10' },
      { id: '12345678901234567890', name: null, price: '' },
      { id: '3', name: 'x\ny', price: 'z' },
    ]);
  });

  it('is read by its settings whatever it says of itself, and ragged rows are rejected', async () => {
    const text = iconv.encode('名;n\n東京;-\nkurz\n大阪;2;3\n', 'shift_jis');
    const settings = { format: 'csv', encoding: 'shift_jis', csv: { delimiter: ';', null_strings: ['-'] } };
    const { rejected, rows } = await read(text, 'application/octet-stream', settings);
    expect(rows).toEqual([{ 名: '東京', n: null }]);
    expect(rejected.map(({ reason }) => reason)).toEqual([
      'The row has 1 values, but there are 2 columns.',
      'The row has 3 values, but there are 2 columns.',
    ]);
  });

  it('in pages has its header in each of them', async () => {
    const api = await startApi(({ url }, response) => {
      const page = Number(url.searchParams.get('page'));
      response.writeHead(200, { 'content-type': 'text/csv' }).end(`id,n\n${page > 2 ? '' : `${page},a\n`}`);
    });
    const { request } = setup({ ...source, pagination: { type: 'page_number' } }, { base_url: api.url });
    expect(await readRows(request, await extract(request))).toEqual([
      { id: '1', n: 'a' },
      { id: '2', n: 'a' },
    ]);
  });

  it.each([
    ['a quote that does not end', 'a,b\n1,"2\n', /line \d+: a quote that does not end/],
    ['two columns of one name', 'a,a\n1,2\n', /two columns are named a/],
  ])('with %s fails and says so', async (_, text, message) => {
    await expect(read(text, 'text/csv')).rejects.toThrow(message);
    await expect(read(text, 'text/csv')).rejects.toMatchObject({ code: 'api_format' });
  });

  it('without rows has none', async () => {
    expect((await read('id,n\n', 'text/csv')).rows).toEqual([]);
  });
});

describe('a response in NDJSON', () => {
  it('is read under any content type', async () => {
    const { lines } = await read('{"a":1.10}\n{"a":2}\n', 'text/plain', { format: 'ndjson' });
    expect(lines).toEqual(['{"a":1.10}', '{"a":2}']);
  });
});

describe('a response in XML', () => {
  const feed = (items: string): string => `<?xml version="1.0"?>\n<feed>\n  <next>n2</next>\n${items}</feed>\n`;

  it('is read like JSON, every value as the text that stands there', async () => {
    const items = `  <item id="1"><n>007</n><big>12345678901234567890.10</big><t> a &amp; b&#233;&#x1F600; &amp;#65; </t><e/></item>
  <item id="2"><n><![CDATA[<x>]]></n><tags><tag>p</tag><tag>q</tag></tags></item>\n`;
    const { rows } = await read(feed(items), 'application/atom+xml', { records_path: '$.feed.item[*]' });
    expect(rows).toEqual([
      { '@id': '1', n: '007', big: '12345678901234567890.10', t: ' a & bé😀 &#65; ', e: '' },
      { '@id': '2', n: '<x>', tags: { tag: ['p', 'q'] } },
    ]);
  });

  it('has a list where there is a single element, and pages by its cursors', async () => {
    const api = await startApi(({ url }, response) => {
      const cursor = url.searchParams.get('cursor');
      const next = cursor === null ? '<next>12345678901234567890</next>' : '';
      response.writeHead(200, { 'content-type': 'text/xml' }).end(`<r>${next}<i><c>${cursor ?? 'first'}</c></i></r>`);
    });
    const settings = { records_path: '$.r.i[*]', pagination: { type: 'cursor', cursor_path: '$.r.next' } };
    const { request } = setup({ ...source, ...settings }, { base_url: api.url });
    const rows = await readRows(request, await extract(request));
    expect(rows).toEqual([{ c: 'first' }, { c: '12345678901234567890' }]);
  });

  it('is read in the charset that it names', async () => {
    const text = iconv.encode('<?xml version="1.0" encoding="Shift_JIS"?><r><i><n>東京</n></i></r>', 'shift_jis');
    const { rows } = await read(text, 'text/xml', { records_path: '$.r.i[*]' });
    expect(rows).toEqual([{ n: '東京' }]);
  });

  it('with many entities is read, and entities of its own are not expanded', async () => {
    const bomb = `<!DOCTYPE r [<!ENTITY a "${'x'.repeat(100)}"><!ENTITY b "${'&a;'.repeat(100)}">]><r><i><n>&b;</n></i></r>`;
    expect((await read(bomb, 'text/xml', { records_path: '$.r.i[*]' })).rows).toEqual([{ n: '&b;' }]);
    const many = `<r><i><n>${'&lt;'.repeat(5_000)}</n></i></r>`;
    const { rows } = await read(many, 'text/xml', { records_path: '$.r.i[*]' });
    expect(rows).toEqual([{ n: '<'.repeat(5_000) }]);
  });

  it.each([
    ['that is cut off', '<r><i><n>1</n></i><i>'],
    ['that is something else', '{"a": 1}'],
    ['with a name that every object has', '<r><__proto__>1</__proto__></r>'],
  ])('%s fails as no XML', async (_, text) => {
    const failed = read(text, 'text/plain', { format: 'xml', records_path: '$.r.i[*]' });
    await expect(failed).rejects.toMatchObject({ code: 'api_format' });
  });
});

describe('a body that is packed without a header', () => {
  it.each([
    ['JSON', '[{"id":1},{"id":2}]', 'application/json', {}],
    ['CSV', 'id\n1\n2\n', 'application/gzip', { format: 'csv' }],
    ['NDJSON', '{"id":1}\n{"id":2}\n', 'binary/octet-stream', { format: 'ndjson' }],
  ])('is unpacked: %s', async (_, text, contentType, settings) => {
    const { rows } = await read(gzipSync(text), contentType, settings);
    expect(rows.map(({ id }) => Number(id))).toEqual([1, 2]);
  });

  it('and cut off is asked for again', async () => {
    const packed = gzipSync(JSON.stringify(Array.from({ length: 500 }, (_, id) => ({ id }))));
    const api = await startApi((_, response, count) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(count === 1 ? packed.subarray(0, packed.length - 20) : packed);
    });
    const { request } = setup(source, { base_url: api.url });
    expect(await readRows(request, await extract(request))).toHaveLength(500);
    expect(api.seen).toHaveLength(2);
  });
});

it('a file behind a signed URL that a job gives is read by its format, and the credentials are not sent there', async () => {
  const store = await startApi((_, response) => {
    response.writeHead(200, { 'content-type': 'binary/octet-stream' }).end(gzipSync('id,amount\n1,1.50\n2,2.00\n'));
  });
  const api = await startApi(({ url }, response) => {
    if (url.pathname === '/exports') return sendJson(response, { id: 'e1', status: 'queued' }, {}, 202);
    sendJson(response, { status: 'done', file: `${store.url}/e1.csv.gz?sig=abc` });
  });
  const { request } = setup(
    {
      ...source,
      endpoint: 'exports',
      method: 'POST',
      body: { kind: 'orders' },
      format: 'csv',
      async: {
        status_endpoint: 'exports/{job.id}',
        status_path: '$.status',
        done_values: ['done'],
        result_url_path: '$.file',
      },
    },
    { base_url: api.url, auth: { type: 'bearer', token: { env: 'T' } } },
  );
  expect(await readRows(request, await extract(request))).toEqual([
    { id: '1', amount: '1.50' },
    { id: '2', amount: '2.00' },
  ]);
  expect(store.seen).toHaveLength(1);
  expect(store.seen[0]?.headers.authorization).toBeUndefined();
});
