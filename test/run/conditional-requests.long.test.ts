import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendJson, startApi, type TestApi } from '../extract/extract-setup.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';

let space: InProcess;

beforeAll(async () => {
  space = await inProcess();
});

afterAll(async () => {
  await space.remove();
});

type Loose = Readonly<Record<string, unknown>>;

interface Versioned {
  readonly api: TestApi;
  /** What the API has now; its tag is the content's. */
  content: Loose[];
  /** Statuses of its answers since they were asked for last. */
  readonly statuses: () => number[];
}

/** An API of one response that knows conditions. */
async function versionedApi(content: Loose[], headers: Loose = {}): Promise<Versioned> {
  let statuses: number[] = [];
  const versioned = {
    content,
    statuses: () => {
      const seen = statuses;
      statuses = [];
      return seen;
    },
  };
  const api = await startApi(({ headers: asked }, response) => {
    const etag = `"${JSON.stringify(versioned.content).length}-${versioned.content.map(({ n }) => n).join('')}"`;
    const isSame = asked['if-none-match'] === etag;
    statuses.push(isSame ? 304 : 200);
    if (isSame) {
      response.writeHead(304, { etag });
      response.end();
      return;
    }
    sendJson(response, versioned.content, { etag, ...headers });
  });
  return Object.assign(versioned, { api });
}

const a = [
  { id: 1, n: 1 },
  { id: 2, n: 1 },
  { id: 3, n: 1 },
];
const b = [
  { id: 1, n: 2 },
  { id: 4, n: 2 },
];

function write(api: TestApi, table: string, settings = 'load_mode: replace, key_columns: [id]'): void {
  space.write(
    'etl.yaml',
    `data_source: { base_url: "${api.url}" }\npipelines:\n  p_${table}: { source_type: api, endpoint: rows, target_table: ${table}, ${settings} }\n`,
  );
}

async function run(options: Parameters<InProcess['run']>[1] = {}) {
  const [result] = await space.run([], options);
  return {
    status: result?.status,
    loaded: result?.rows_loaded,
    same: result?.not_modified,
    error: result?.error_message,
  };
}

const rowsOf = (table: string) => space.sql(`SELECT id, n FROM ${table} ORDER BY id`);
const text = (rows: readonly Loose[]) => rows.map(({ id, n }) => ({ id: String(id), n: String(n) }));
const loaded = (rows: number) => ({ status: 'success', loaded: rows, same: undefined, error: null });
const unchanged = { status: 'success', loaded: 0, same: true, error: null };

describe('a source that is one response with an ETag', () => {
  it('is not sent again while it is what was loaded, and the table stays as it is with replace', async () => {
    const source = await versionedApi(a);
    write(source.api, 'days');
    expect(await run()).toEqual(loaded(3));
    expect(await run()).toEqual(unchanged);
    expect(await run()).toEqual(unchanged);
    expect(await rowsOf('days')).toEqual(text(a));
    source.content = b;
    expect(await run()).toEqual(loaded(2));
    expect(await rowsOf('days')).toEqual(text(b));
    source.content = a;
    expect(await run()).toEqual(loaded(3));
    expect(await rowsOf('days')).toEqual(text(a));
    expect(source.statuses()).toEqual([200, 304, 304, 200, 200]);
  });

  it('is read whole where the table is another one, or has lost rows', async () => {
    const source = await versionedApi(a);
    write(source.api, 'lost');
    await run();
    await space.sql('DROP TABLE lost');
    expect(await run()).toEqual(loaded(3));
    await space.sql('DELETE FROM lost');
    expect(await run()).toEqual(loaded(3));
    await space.sql('DELETE FROM lost WHERE id = 2');
    expect(await run()).toEqual(loaded(3));
    expect(await rowsOf('lost')).toEqual(text(a));
    expect(await run()).toEqual(unchanged);
  });

  it('is read whole under another configuration, and where that is asked for', async () => {
    const source = await versionedApi(a);
    write(source.api, 'changed');
    await run();
    expect(await run({ again: true })).toEqual(loaded(3));
    expect(await run({ fullRefresh: true, yes: true })).toEqual(loaded(3));
    write(
      source.api,
      'changed',
      'load_mode: replace, key_columns: [id], business_rules: [{ type: filter, condition: "id < 3" }]',
    );
    expect(await run()).toEqual(loaded(2));
    expect(await run()).toEqual(unchanged);
    write(source.api, 'changed', 'load_mode: replace, key_columns: [id], params: { of: all }');
    expect(await run()).toEqual(loaded(3));
  });

  it('is read whole after another pipeline has written to the table', async () => {
    const source = await versionedApi(a);
    write(source.api, 'shared_rows');
    await run();
    space.write('other.csv', 'id,n\n1,9\n');
    space.write(
      'etl.yaml',
      'pipelines:\n  other: { source_type: file, file_path: other.csv, target_table: shared_rows, load_mode: upsert, key_columns: [id] }\n',
    );
    await run();
    write(source.api, 'shared_rows');
    expect(await run()).toEqual(loaded(3));
    expect(await rowsOf('shared_rows')).toEqual(text(a));
  });

  it('is read whole where rows of it were rejected', async () => {
    const source = await versionedApi([...a, { id: null, n: 3 }]);
    write(source.api, 'refused');
    await run();
    expect(source.statuses()).toEqual([200]);
    await run();
    expect(source.statuses()).toEqual([200]);
  });

  it('is read whole after a run of other content was taken back', async () => {
    const source = await versionedApi(a);
    write(source.api, 'undone', 'load_mode: upsert, key_columns: [id]');
    await run();
    source.content = [{ id: 7, n: 1 }];
    const [other] = await space.run();
    expect((await space.etl('undo', other?.run_id ?? '', '--yes')).status).toBe(0);
    source.content = a;
    source.statuses();
    expect(await run()).toEqual(loaded(3));
    expect(source.statuses()).toEqual([200]);
  });
});
