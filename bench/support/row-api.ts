import { once } from 'node:events';
import { createReadStream, statSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openDuckDb } from '../../lib/duckdb/open-duckdb.ts';

/** A way in which an API hands out rows, which it makes while it sends them. */
export interface RowApi {
  readonly name: string;
  /** The pipeline's source. */
  readonly source: object;
  readonly answer: (request: RowRequest, response: ServerResponse) => Promise<void> | void;
}

export interface RowRequest {
  /** Rows that the API has. */
  readonly rows: number;
  readonly url: URL;
  readonly body: string;
  readonly folder: string;
}

/** Rows of a page, a slice or a partition. */
const pageRows = 1_000;
/** When row 0 was made; each row is a second later than the one before, and a million of them are over by now. */
const epoch = Math.floor(Date.now() / 1_000) * 1_000 - 12 * 86_400_000;

const timeOf = (id: number): string => new Date(epoch + id * 1_000).toISOString();
const json = (id: number): string =>
  `{"id":${id},"at":"${timeOf(id)}","name":"name ${id}","email":"user${id}@example.com","amount":${id}.25}`;
const values = (id: number): string => `[${id},"${timeOf(id)}","name ${id}","user${id}@example.com",${id}.25]`;
const csv = (id: number): string => `${id},${timeOf(id)},"name ${id}",,${id}.25\n`;
const xml = (id: number): string => `<row id="${id}"><at>${timeOf(id)}</at><name>name ${id}</name></row>`;

function list(from: number, to: number, line: (id: number) => string, between = ','): string {
  const lines: string[] = [];
  for (let id = from; id < to; id += 1) lines.push(line(id));
  return lines.join(between);
}

/** One answer with all rows, piece by piece. */
async function stream(
  response: ServerResponse,
  rows: number,
  line: (id: number) => string,
  { head = '', between = ',', tail = '' },
): Promise<void> {
  response.write(head);
  for (let from = 0; from < rows; from += pageRows) {
    const piece = (from === 0 ? '' : between) + list(from, Math.min(rows, from + pageRows), line, between);
    if (!response.write(piece)) await once(response, 'drain');
  }
  response.end(tail);
}

const from = (url: URL): number => Number(url.searchParams.get('from') ?? 0);
const nextOf = (to: number, rows: number): string => (to < rows ? `"/rows?from=${to}"` : 'null');
const whole = { source_type: 'api', endpoint: 'rows' };
const upsert = { load_mode: 'upsert', key_columns: ['id'] };

/** Answers with the page that begins at `from`. */
function page(write: (begin: number, end: number, next: string) => string): RowApi['answer'] {
  return ({ rows, url }, response) => {
    const begin = from(url);
    const end = Math.min(rows, begin + pageRows);
    response.end(write(begin, end, nextOf(end, rows)));
  };
}

export const rowApis: readonly RowApi[] = [
  {
    name: 'next URLs, found',
    source: whole,
    answer: page((begin, end, next) => `{"results":[${list(begin, end, json)}],"next":${next}}`),
  },
  {
    name: 'GraphQL, found',
    source: {
      ...whole,
      method: 'POST',
      body: { query: 'query ($after: String) { rows(after: $after) { nodes { id } } }', variables: {} },
      records_path: '$.data.rows.nodes',
    },
    answer: ({ body, rows }, response) => {
      const { variables } = JSON.parse(body) as { readonly variables: { readonly after?: string } };
      const begin = Number(variables.after ?? 0);
      const end = Math.min(rows, begin + pageRows);
      const info = `{"hasNextPage":${end < rows},"endCursor":"${end}"}`;
      response.end(`{"data":{"rows":{"nodes":[${list(begin, end, json)}],"pageInfo":${info}}}}`);
    },
  },
  {
    name: 'slices of time',
    source: {
      ...whole,
      ...upsert,
      incremental: {
        cursor_column: 'at',
        initial_value: timeOf(0),
        start_param: 'since',
        end_param: 'until',
        window: `${pageRows}s`,
      },
    },
    answer: ({ rows, url }, response) => {
      const id = (name: string): number => (Date.parse(url.searchParams.get(name) ?? '') - epoch) / 1_000;
      response.end(`[${list(Math.max(0, id('since')), Math.min(rows, id('until')), json)}]`);
    },
  },
  {
    name: 'partitions, a watermark each',
    source: {
      ...whole,
      ...upsert,
      endpoint: 'groups/{parent.id}',
      for_each: { endpoint: 'groups', records_path: '$[*]' },
      incremental: { cursor_column: 'at', start_param: 'since' },
    },
    answer: ({ rows, url }, response) => {
      const group = /\/groups\/(\d+)/.exec(url.pathname)?.[1];
      const groups = Math.ceil(rows / pageRows);
      response.end(
        group === undefined
          ? `[${list(0, groups, (id) => `{"id":${id}}`)}]`
          : `[${list(Number(group) * pageRows, Math.min(rows, (Number(group) + 1) * pageRows), json)}]`,
      );
    },
  },
  {
    name: 'batches of listed ids',
    source: { ...whole, ...upsert, params: { ids: '{batch:500}' }, for_each: { endpoint: 'ids' } },
    answer: async ({ rows, url }, response) => {
      const ids = url.searchParams.get('ids');
      if (ids === null) await stream(response, rows, (id) => `{"id":${id}}`, { head: '[', tail: ']' });
      else
        response.end(
          `[${ids
            .split(',')
            .map((id) => json(Number(id)))
            .join(',')}]`,
        );
    },
  },
  {
    name: 'a job, NDJSON',
    source: {
      ...whole,
      method: 'POST',
      format: 'ndjson',
      async: {
        status_endpoint: 'jobs/{job.id}',
        status_path: '$.status',
        done_values: ['done'],
        result_endpoint: 'jobs/{job.id}/rows',
        poll_seconds: 0.1,
      },
    },
    answer: async ({ rows, url }, response) => {
      if (url.pathname === '/jobs/1/rows') await stream(response, rows, json, { between: '\n' });
      else response.end(url.pathname === '/rows' ? '{"id":1}' : '{"status":"done"}');
    },
  },
  {
    name: 'CSV',
    source: { ...whole, format: 'csv' },
    answer: ({ rows }, response) => stream(response, rows, csv, { head: 'id,at,name,email,amount\n', between: '' }),
  },
  {
    name: 'XML pages',
    source: {
      ...whole,
      format: 'xml',
      records_path: '$.page.row[*]',
      pagination: { type: 'next_url', next_path: '$.page.next' },
    },
    answer: page((begin, end, next) => {
      const link = next === 'null' ? '' : `<next>${JSON.parse(next)}</next>`;
      return `<page>${list(begin, end, xml, '')}${link}</page>`;
    }),
  },
  {
    name: 'columns, pages',
    source: { ...whole, records_path: '$.hourly', columnar: true },
    answer: page((begin, end, next) => {
      const ids = list(begin, end, String);
      const times = list(begin, end, (id) => `"${timeOf(id)}"`);
      return `{"hourly":{"id":[${ids}],"at":[${times}]},"next":${next}}`;
    }),
  },
  {
    name: 'a map',
    source: { ...whole, records_path: '$.data', map_key: 'key' },
    answer: ({ rows }, response) =>
      stream(response, rows, (id) => `"k${id}":${json(id)}`, { head: '{"data":{', tail: '}}' }),
  },
  {
    name: 'names in the first row',
    source: { ...whole, records_path: '$.values', header: 'first_row' },
    answer: ({ rows }, response) =>
      stream(response, rows, values, { head: '{"values":[["id","at","name","email","amount"],', tail: ']}' }),
  },
  {
    name: 'a field before the rows',
    source: { ...whole, records_path: '$.rows', include: { base: '$.base' } },
    answer: ({ rows }, response) => stream(response, rows, json, { head: '{"base":"x","rows":[', tail: ']}' }),
  },
  {
    name: 'the new of all, insert',
    source: { ...whole, load_mode: 'insert', incremental: { cursor_column: 'at' } },
    answer: ({ rows }, response) => stream(response, rows, json, { head: '[', tail: ']' }),
  },
  {
    name: 'Parquet',
    source: { ...whole, format: 'parquet' },
    answer: async ({ folder, rows }, response) => {
      const file = `${folder}/answer.parquet`;
      const session = await openDuckDb({ allowedDirs: [folder], tempDir: folder });
      await session.run(
        `COPY (SELECT range AS id, md5(range::text) AS name, random() AS x FROM range(${rows})) TO '${file}' (FORMAT parquet)`,
      );
      session.close();
      response.setHeader('content-length', statSync(file).size);
      createReadStream(file).pipe(response);
    },
  },
];

/** Serves an API on loopback. @returns its URL, and how to end it */
export async function serveRows(
  api: RowApi,
  rows: number,
  folder: string,
): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer(async (message, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of message as AsyncIterable<Buffer>) pieces.push(piece);
    const url = new URL(message.url ?? '/', 'http://127.0.0.1');
    await api.answer({ rows, url, body: Buffer.concat(pieces).toString(), folder }, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
