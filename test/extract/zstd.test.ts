import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { readLines, readRows, scratchFolder, setup, startApi } from './extract-setup.ts';

/** Rows packed by an independent zstd: DuckDB's. */
async function packed(rows: number): Promise<{ readonly zstd: Buffer; readonly plain: string }> {
  const folder = scratchFolder();
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const select = `SELECT i AS id, md5(i::VARCHAR) AS text FROM range(${rows}) t(i)`;
  await connection.run(`COPY (${select}) TO '${folder}/a.ndjson.zst' (FORMAT json, COMPRESSION zstd)`);
  await connection.run(`COPY (${select}) TO '${folder}/a.ndjson' (FORMAT json)`);
  connection.closeSync();
  instance.closeSync();
  return {
    zstd: await readFile(path.join(folder, 'a.ndjson.zst')),
    plain: await readFile(path.join(folder, 'a.ndjson'), 'utf8'),
  };
}

async function zstdFile(bytes: Buffer) {
  const made = setup({ source_type: 'file', file_path: 'a.ndjson.zst' });
  await writeFile(path.join(made.folder, 'a.ndjson.zst'), bytes);
  return made.request;
}

describe('zstd', () => {
  it('unpacks what another program packed, also in several frames', async () => {
    for (const rows of [1, 60_000]) {
      const { plain, zstd } = await packed(rows);
      const lines = plain.trimEnd().split('\n');
      const once = await zstdFile(zstd);
      expect(await readLines(once, await extract(once))).toEqual(lines);
      const twice = await zstdFile(Buffer.concat([zstd, zstd]));
      expect(await readLines(twice, await extract(twice))).toHaveLength(2 * rows);
    }
  });

  it('refuses what is cut off', async () => {
    const { zstd } = await packed(60_000);
    for (const length of [3, 5, 1_000, zstd.length >> 1, zstd.length - 10, zstd.length - 1]) {
      await expect(extract(await zstdFile(zstd.subarray(0, length)))).rejects.toMatchObject({ code: 'file_damaged' });
    }
  });

  it('comes from APIs too, and one that is cut off is asked for again', async () => {
    const { zstd } = await packed(5_000);
    const api = await startApi((_request, response, count) => {
      response.writeHead(200, { 'content-encoding': 'zstd', 'content-type': 'application/x-ndjson' });
      response.end(count === 1 ? zstd.subarray(0, -100) : zstd);
    });
    const { clock, request } = setup({ source_type: 'api', endpoint: 'rows' }, { base_url: api.url });
    expect(await readRows(request, await extract(request))).toHaveLength(5_000);
    expect(clock.slept).toEqual([1_000]);
  });
});
