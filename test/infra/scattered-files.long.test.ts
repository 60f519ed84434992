import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { quoteText } from '../../lib/duckdb/quote.ts';
import { csvOfOrders, orders } from '../scatter/support/order-files.ts';
import { type BothWays, deployBothWays, type TwoWays } from '../support/aws/both-ways.ts';
import { serve, type TestServer } from '../support/http-server.ts';
import { data } from '../transform/support/real-data.ts';

interface Source extends TwoWays {
  /** Slices it is cut into, and rows that are rejected, at the least. */
  readonly slices: number;
  readonly rejected?: number;
}

const typed = 'columns: { n: bigint }';
const upsert = 'load_mode: upsert, key_columns: [id]';
const replace = 'load_mode: replace, key_columns: [id], verify: full';
const file = (key: string): string => `source_type: file, file_path: s3://incoming/${key}`;
const userRules = [
  `{ type: filter, condition: "status == 'active'" }`,
  `{ type: enrich, new_column: full_name, logic: "first_name + ' ' + last_name" }`,
];

const groups = { piece_mb: 0.02, slices: 20, rejected: 90 };
const many = { piece_mb: 0.02, slices: 10, rejected: 500 };
const sources: Readonly<Record<string, Source>> = {
  row_groups: { ...groups, settings: `${file('groups/')}, ${typed}` },
  row_groups_keyed: { ...groups, settings: `${file('groups/')}, ${typed}, ${upsert}` },
  many_files: { ...many, settings: `${file('many/')}, ${typed}` },
  many_files_keyed: { ...many, settings: `${file('many/')}, ${typed}, ${upsert}` },
  many_files_replaced: { ...many, settings: `${file('many/')}, ${typed}, ${replace}` },
  compressed: { piece_mb: 0.02, slices: 4, settings: file('compressed/') },
  utf16: { piece_mb: 0.02, slices: 4, settings: `${file('utf16.csv')}, encoding: utf-16le` },
  // Documents of JSON, and files of the world as they are.
  movies: { piece_mb: 0.1, slices: 4, settings: file('movies.json') },
  flights: { piece_mb: 0.15, slices: 5, settings: file('flights.json') },
  zipcodes: {
    piece_mb: 0.15,
    slices: 8,
    settings: `${file('zipcodes.csv')}, load_mode: upsert, key_columns: [city, state]`,
  },
  birdstrikes: { piece_mb: 0.15, slices: 5, settings: file('birdstrikes.csv') },
  // The article's two pipelines.
  users: {
    piece_mb: 0.02,
    slices: 4,
    settings: `source_type: api, endpoint: users, load_mode: upsert, key_columns: [user_id], business_rules: [${userRules.join(', ')}]`,
  },
  sales: { piece_mb: 0.02, slices: 4, settings: `${file('sales.csv')}, load_mode: insert` },
};

let api: TestServer;
let both: BothWays;

beforeAll(async () => {
  api = await serve((request, response) => {
    const url = new URL(request.url ?? '/', 'http://api');
    const page = Number(url.searchParams.get('page') ?? 1);
    const users = Array.from({ length: 500 }, (_, i) => userOf((page - 1) * 500 + i));
    const body = { results: users, next: page < 8 ? `${api.url}/users?page=${page + 1}` : null };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  both = await deployBothWays(sources, `data_source: { base_url: ${api.url} }`);
  for (const [key, body] of Object.entries(await objects())) await both.service.aws.putObject('incoming', key, body);
}, 300_000);

afterAll(async () => {
  await both?.close();
  await api?.close();
});

function userOf(i: number): unknown {
  const id = i % 1_700;
  return {
    user_id: id,
    first_name: `First ${id}`,
    last_name: `Läst ${id}`,
    status: id % 3 === 0 ? 'gone' : 'active',
    seen: i,
  };
}

async function objects(): Promise<Readonly<Record<string, string | Buffer>>> {
  return {
    ...(await rowGroups()),
    ...Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [`many/${String(i).padStart(3, '0')}.csv`, smallFile(i)]),
    ),
    'compressed/a.csv.gz': gzipSync(csvOfOrders(orders(2_000))),
    'compressed/b.csv.gz': gzipSync(csvOfOrders(orders(3_000).slice(1_000))),
    'utf16.csv': Buffer.from(csvOfOrders(orders(3_000), 40), 'utf16le'),
    ...Object.fromEntries(
      ['movies.json', 'zipcodes.csv', 'birdstrikes.csv'].map((name) => [name, readFileSync(data(name))] as const),
    ),
    'flights.json': readFileSync(data('flights-20k.json')),
    'sales.csv': csvOfOrders(orders(3_000), 40),
  };
}

/** Rows that files beside it have, too, one that is rejected, and in the last file a new column and values of another type. */
function smallFile(i: number): string {
  const last = i === 499;
  const lines = Array.from({ length: 20 }, (_, row) => {
    const id = i * 10 + row;
    return `${id},name ${id},${id % 97},${last ? `${id}.5,late` : id}`;
  });
  return [`id,name,n,score${last ? ',later' : ''}`, ...lines, `${90_000 + i},bad,none,1${last ? ',' : ''}`, ''].join(
    '\n',
  );
}

/** Parquet of many row groups: rows of the first file come again in the second, and the last has other types. */
async function rowGroups(): Promise<Readonly<Record<string, Buffer>>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'etl-row-groups-'));
  const session = await openDuckDb({ allowedDirs: [folder], tempDir: folder });
  try {
    const write = async (name: string, rows: string, amount: string): Promise<readonly [string, Buffer]> => {
      const target = path.join(folder, name);
      await session.run(`COPY (SELECT i % 19000 AS id, 'name ' || i % 19000 AS name,
          CASE WHEN i % 211 = 0 THEN 'none' ELSE (i % 97)::VARCHAR END AS n, [i % 7, i % 5] AS list, {'a': i % 3} AS deep,
          TIMESTAMP '2025-01-01' + INTERVAL (i % 19000) SECOND AS at, ${amount} FROM range(${rows}) AS t(i))
        TO ${quoteText(target)} (FORMAT parquet, ROW_GROUP_SIZE 2048)`);
      return [`groups/${name}`, readFileSync(target)];
    };
    return Object.fromEntries([
      await write('a.parquet', '0, 20000', '(i % 19000)::BIGINT AS amount'),
      await write('b.parquet', '15000, 35000', '(i % 19000)::BIGINT AS amount'),
      await write('c.parquet', '35000, 41000', "(i % 19000) / 7 AS amount, 'of the last' AS later"),
    ]);
  } finally {
    session.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('a source of files or of an API that is cleaned in pieces', () => {
  it.each(Object.keys(sources))(
    'leaves the rows, ids, rejected rows and log of one go: %s',
    async (name) => {
      const { rejected = 0, slices: least = 0 } = sources[name] ?? {};
      const { left, slices } = await both.expectSame(name);
      expect(slices).toBeGreaterThanOrEqual(least);
      expect(left.rejected.length).toBeGreaterThanOrEqual(rejected);
      expect(left.rows.length).toBeGreaterThan(1_000);
    },
    300_000,
  );
});
