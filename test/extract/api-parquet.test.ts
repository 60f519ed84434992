import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { scratchFolder, sendJson, settingsOf, setup, startApi } from './extract-setup.ts';

type Loose = Readonly<Record<string, unknown>>;

const source = { source_type: 'api', endpoint: 'file', format: 'parquet' };

async function parquet(select: string): Promise<Buffer> {
  const file = path.join(scratchFolder(), 'f.parquet');
  const connection = await (await DuckDBInstance.create()).connect();
  await connection.run(`COPY (${select}) TO '${file}' (FORMAT parquet)`);
  connection.closeSync();
  return await readFile(file);
}

async function extracted(url: string, settings: Loose = source) {
  const { request } = setup(settings, { base_url: url });
  const manifest = await extract(request);
  const files = await Promise.all(
    manifest.parts.map(async ({ location }) => await readFile(await request.store.localPath(location))),
  );
  return { manifest, files };
}

describe('a response in Parquet', () => {
  it('is a part as it is, packed or not', async () => {
    const bytes = await parquet("SELECT range AS id, DATE '2026-01-01' AS day FROM range(50000)");
    for (const body of [bytes, gzipSync(bytes)]) {
      const api = await startApi((_, response) => void response.end(body));
      const { files, manifest } = await extracted(api.url);
      expect(manifest.parts).toMatchObject([
        { format: 'parquet', local: false, location: 'runs/r1/raw/part-00000.parquet' },
      ]);
      expect(files[0]?.equals(bytes)).toBe(true);
    }
  });

  it('lies behind a URL that a job gives, where credentials are not sent', async () => {
    const bytes = await parquet('SELECT 1 AS id');
    const signed = await startApi((_, response) => void response.end(bytes));
    const api = await startApi(({ url }, response) =>
      url.pathname === '/exports'
        ? sendJson(response, { id: 7 }, {}, 202)
        : sendJson(response, { status: 'done', file: `${signed.url}/f.parquet?signature=x` }),
    );
    const job = { status_endpoint: 'exports/{job.id}', status_path: '$.status', done_values: ['done'] };
    const settings = { ...source, endpoint: 'exports', method: 'POST', async: { ...job, result_url_path: '$.file' } };
    const auth = { type: 'bearer', token: { env: 'TOKEN' } };
    const { request } = setup(settings, { base_url: api.url, auth });
    expect((await extract(request)).parts).toMatchObject([{ bytes: bytes.length, format: 'parquet' }]);
    expect(api.seen[0]?.headers.authorization).toBe('Bearer value-of-TOKEN');
    expect(signed.seen[0]?.headers.authorization).toBeUndefined();
  });

  it.each([
    ['a page in its place', Buffer.from('<html>Sign in</html>'), 'does not begin with PAR1'],
    ['a piece of one', Buffer.from('PAR1 and no more'), 'does not end with PAR1'],
    ['nothing', Buffer.alloc(0), 'does not begin with PAR1'],
  ])('is not %s', async (_, body, message) => {
    const api = await startApi((__, response) => void response.end(body));
    await expect(extracted(api.url)).rejects.toThrow(message);
  });

  it('that nobody has told of is named', async () => {
    const bytes = await parquet('SELECT 1 AS id');
    const api = await startApi((_, response) => {
      response.writeHead(200, { 'content-type': 'application/vnd.apache.parquet' });
      response.end(bytes);
    });
    await expect(extracted(api.url, { ...source, format: undefined })).rejects.toThrow('Set format: parquet.');
  });

  it.each<[Loose, string]>([
    [{ records_path: '$.a' }, 'records_path'],
    [{ incremental: { cursor_column: 'at' } }, 'incremental'],
    [{ pagination: { type: 'page_number' } }, 'pagination'],
    [{ for_each: ['a', 'b'], endpoint: '{parent.value}' }, 'for_each'],
    [{ csv: {} }, 'csv'],
  ])('is not looked into: %j', (more, key) => {
    expect(() => settingsOf({ ...source, ...more })).toThrow(key);
  });
});
