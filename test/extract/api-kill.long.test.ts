import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { extract } from '../../lib/extract/extract.ts';
import { readRows, sendJson, setup, startApi } from './extract-setup.ts';

const pages = 60;
const rowsOfPage = 50;
const allIds = Array.from({ length: pages * rowsOfPage }, (_, index) => index + 1);
const source = {
  source_type: 'api',
  endpoint: 'rows',
  pagination: { type: 'cursor', cursor_path: 'next' },
  target_table: 't',
};

/** A process that extracts into the folder; its clock runs fast, so that it saves after each page or two. */
const program = `
const [lib, folder, source, dataSource, pace] = process.argv.slice(1);
const load = (path) => import(lib + path);
const { extract } = await load('extract/extract.js');
const { folderStore } = await load('store/folder-store.js');
const { pipelineSchema } = await load('config/pipeline.js');
const { dataSourceSchema } = await load('config/data-source.js');
let now = 0;
await extract({
  pipeline: { name: 'p', settings: pipelineSchema.parse(JSON.parse(source)), dataSource: dataSourceSchema.parse(JSON.parse(dataSource)) },
  baseDir: folder, store: folderStore(folder + '/.etl'), prefix: 'runs/r1', resolveSecret: async () => '',
  clock: { now: () => new Date(Date.UTC(2026, 10, 1) + (now += Number(pace))), sleep: async () => {} }, random: Math.random,
});
`;

describe('an extraction in a process that is killed with SIGKILL', () => {
  it('at the boundary and in the middle of every page goes on, and every row is there once', async () => {
    let kill: (() => void) | undefined;
    let fatal = 0;
    let half = false;
    const api = await startApi(({ url }, response, count) => {
      const page = Number(url.searchParams.get('cursor') ?? 0);
      const ids = allIds.slice(page * rowsOfPage, (page + 1) * rowsOfPage);
      const text = JSON.stringify({ results: ids.map((id) => ({ id })), next: page + 1 < pages ? page + 1 : null });
      if (count !== fatal || kill === undefined) return sendJson(response, text);
      response.writeHead(200);
      if (half) response.write(text.slice(0, text.length / 2));
      setTimeout(kill, 5);
    });
    const lib = new URL('lib/', pathToFileURL(`${process.cwd()}/dist/`)).href;
    for (let page = 1; page <= pages; page += 1) {
      half = page % 2 === 0;
      const { folder, request } = setup(source, { base_url: api.url });
      fatal = api.seen.length + page;
      const args = [
        lib,
        folder,
        JSON.stringify(source),
        JSON.stringify({ base_url: api.url }),
        String([1, 3_000, 20_000][page % 3]),
      ];
      const child = spawn(process.execPath, ['--input-type=module', '-e', program, ...args], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      kill = () => child.kill('SIGKILL');
      const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
      kill = undefined;
      expect(signal).toBe('SIGKILL');
      const manifest = await extract(request);
      expect((await readRows(request, manifest)).map(({ id }) => id)).toEqual(allIds);
    }
  }, 300_000);
});
