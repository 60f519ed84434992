import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tokenFolder } from '../../lib/cli/run/token-folder.ts';
import { parseConfig } from '../../lib/config/read-config.ts';
import { extract } from '../../lib/extract/extract.ts';
import { folderStore } from '../../lib/store/folder-store.ts';
import { readRows, scratchFolder, sendJson, startApi, VirtualClock } from '../extract/extract-setup.ts';
import { type Item, type Rotation, smallApis } from './small-apis.ts';

const recipes = readdirSync('examples/apis').flatMap((file) => (file.endsWith('.yaml') ? [file.slice(0, -5)] : []));
const key = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

const item = (id: number, at: string, name = `n${id}`): Item => ({ id, at: Date.parse(at), name });
/** The last two changed at the same time. */
const firstDay = [1, 2, 3, 4, 5, 6]
  .map((id) => item(id, `2026-03-01T0${id}:00:00Z`))
  .concat(item(7, '2026-03-01T06:00:00Z'));
/** One has changed, and two have come. */
const secondDay = [
  ...firstDay.filter(({ id }) => id !== 3),
  item(3, '2026-03-03T01:00:00Z', 'changed'),
  item(8, '2026-03-03T02:00:00Z'),
  item(9, '2026-03-03T02:00:00Z'),
].sort((a, b) => a.id - b.id);

/** Runs the recipe's pipeline on one day after the other, as its rows and watermark go on. */
async function runDays(name: string) {
  const rotation: Rotation = { current: 'value-of-FREEE_REFRESH_TOKEN', uses: 0 };
  const api = smallApis(rotation)[name];
  if (api === undefined) throw new Error(`There is no small copy of ${name}; add one to small-apis.ts.`);
  let items: readonly Item[] = firstDay;
  const server = await startApi((request, response) => {
    const { body, headers, status } = api.answer(request, items);
    sendJson(response, body, headers, status);
  });
  const text = readFileSync(`examples/apis/${name}.yaml`, 'utf8');
  const local = text.replaceAll(/(base_url|token_url): https:\/\/[^/\s]+/g, `$1: ${server.url}`);
  const { data_source: dataSource, pipelines } = parseConfig(local, `${name}.yaml`);
  const [[pipeline = '', settings] = []] = Object.entries(pipelines);
  if (settings === undefined) throw new Error(`${name} has no pipeline.`);
  const folder = scratchFolder();
  const resolveSecret = async (reference: object): Promise<string> => {
    const variable = 'env' in reference ? String(reference.env) : '';
    return variable === 'GOOGLE_PRIVATE_KEY' ? key : `value-of-${variable}`;
  };
  const day = async (run: string, now: string, watermark: Awaited<ReturnType<typeof extract>>['watermark']) => {
    const clock = new VirtualClock(now);
    const request = {
      pipeline: { name: pipeline, settings, dataSource },
      baseDir: folder,
      store: folderStore(folder),
      prefix: `runs/${run}`,
      resolveSecret,
      refreshTokens: tokenFolder(folder, resolveSecret, clock, undefined),
      watermark,
      clock,
      random: () => 0,
    };
    const manifest = await extract(request);
    const rows = (await readRows(request, manifest)).map(api.itemOf);
    return { manifest, rows, rejected: manifest.rejected.length };
  };
  const first = await day('r1', '2026-03-02T00:00:00Z', undefined);
  items = secondDay;
  const second = await day('r2', '2026-03-04T00:00:00Z', first.manifest.watermark);
  return { api, first, second, rotation, text };
}

const byId = (rows: readonly Item[]): readonly Item[] => [...rows].sort((a, b) => a.id - b.id);

describe.each(recipes)('the recipe for %s', (name) => {
  it('reads every row once on the first day, and what is new and changed on the second', async () => {
    const { api, first, second } = await runDays(name);
    expect(byId(first.rows)).toEqual(firstDay);
    expect([first.rejected, second.rejected]).toEqual([0, 0]);
    expect([first.manifest.warnings, second.manifest.warnings]).toEqual([undefined, undefined]);
    // Each row once within a run; where rows of the first day come again, the upsert takes them over themselves.
    expect(new Set(second.rows.map(({ id }) => id)).size).toBe(second.rows.length);
    const loaded = new Map(
      (api.incremental ? [...first.rows, ...second.rows] : second.rows).map((row) => [row.id, row]),
    );
    // What a changed row is known by may be its time, as of Slack's messages: these do not change.
    expect(byId([...loaded.values()])).toEqual(secondDay);
    if (api.incremental) {
      expect(second.rows.length).toBeLessThan(secondDay.length);
      expect(first.manifest.watermark).toBeDefined();
    }
  });

  it('names its keys by references, its limits and its documentation', () => {
    const text = readFileSync(`examples/apis/${name}.yaml`, 'utf8');
    expect(text).toMatch(/\{ env: [A-Z_]+ \}/);
    expect(text).toMatch(/rate_limit:/);
    expect(text).toMatch(/^# https:\/\//m);
  });
});

it('there is a small copy for each recipe, and a recipe for each', () => {
  expect(Object.keys(smallApis({ current: '', uses: 0 })).sort()).toEqual([...recipes].sort());
});
