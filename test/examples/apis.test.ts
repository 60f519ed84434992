import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tokenFolder } from '../../lib/cli/run/token-folder.ts';
import { parseConfig } from '../../lib/config/read-config.ts';
import { extract } from '../../lib/extract/extract.ts';
import { folderStore } from '../../lib/store/folder-store.ts';
import { readRows, scratchFolder, sendJson, startApi, VirtualClock } from '../extract/extract-setup.ts';
import type { Rotation } from './small-apis/freee.ts';
import type { Item } from './small-apis/small-api.ts';
import { smallApis } from './small-apis/small-apis.ts';

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

/** Runs the recipe's pipeline day after day, as its rows and watermark go on. */
async function startDays(name: string, cap?: number) {
  const rotation: Rotation = { current: 'value-of-FREEE_REFRESH_TOKEN', uses: 0 };
  const api = smallApis(rotation)[name];
  if (api === undefined) throw new Error(`There is no small copy of ${name}; add one to small-apis.`);
  let items: readonly Item[] = [];
  let clock = new VirtualClock();
  const server = await startApi((request, response, count) => {
    const { body, headers, status } = api.answer(request, { items, now: clock.now(), count, cap });
    sendJson(response, body, headers, status);
  });
  const text = readFileSync(`examples/apis/${name}.yaml`, 'utf8');
  const local = text
    .replaceAll(/(base_url|token_url): https:\/\/[^/\s]+/g, `$1: ${server.url}`)
    .replace(/total_over: \d+/, (found) => (cap === undefined ? found : `total_over: ${cap}`));
  const { data_source: dataSource, pipelines } = parseConfig(local, `${name}.yaml`);
  const [[pipeline = '', settings] = []] = Object.entries(pipelines);
  if (settings?.source_type !== 'api') throw new Error(`${name} has no pipeline.`);
  const folder = scratchFolder();
  const resolveSecret = async (reference: object): Promise<string> => {
    const variable = 'env' in reference ? String(reference.env) : '';
    return variable === 'GOOGLE_PRIVATE_KEY' ? key : `value-of-${variable}`;
  };
  let watermark: Awaited<ReturnType<typeof extract>>['watermark'];
  let runs = 0;
  /** The rows of the table after the runs so far, by their ids; a run of a source that is read whole replaces them. */
  const table = new Map<number, Item>();
  const day = async (now: string, there: readonly Item[]) => {
    items = there;
    clock = new VirtualClock(now);
    runs += 1;
    const request = {
      pipeline: { name: pipeline, settings, dataSource },
      baseDir: folder,
      store: folderStore(folder),
      prefix: `runs/r${runs}`,
      resolveSecret,
      refreshTokens: tokenFolder(folder, resolveSecret, clock, undefined),
      watermark,
      clock,
      random: () => 0,
    };
    const manifest = await extract(request);
    ({ watermark } = manifest);
    const rows = (await readRows(request, manifest)).map(api.itemOf);
    expect(manifest.rejected).toHaveLength(0);
    expect(manifest.warnings).toBeUndefined();
    // Each row once within a run; where rows of the day before come again, the upsert takes them over themselves.
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    if (!api.incremental) table.clear();
    for (const row of rows) table.set(row.id, row);
    return rows;
  };
  return { api, day, table, rotation, settings, watermark: () => watermark };
}

const byId = (rows: Iterable<Item>): readonly Item[] => [...rows].sort((a, b) => a.id - b.id);

describe.each(recipes)('the recipe for %s', (name) => {
  it('reads every row on the first day, and then what is new, changed, nothing and late', async () => {
    const { api, day, settings, table, watermark } = await startDays(name);
    expect(byId(await day('2026-03-02T00:00:00Z', firstDay))).toEqual(firstDay);
    const second = await day('2026-03-04T00:00:00Z', secondDay);
    expect(byId(table.values())).toEqual(secondDay);
    const third = await day('2026-03-05T00:00:00Z', secondDay);
    expect(byId(table.values())).toEqual(secondDay);
    // A row that comes after others of its time have been read.
    const { end, lag = 0 } = settings.incremental ?? {};
    const read = end === undefined ? Date.parse('2026-03-03T02:00:00Z') : Date.parse(String(watermark()?.value));
    const late: Item = { id: 10, at: read - lag * 1_000, name: 'late' };
    const fourth = await day('2026-03-06T00:00:00Z', [...secondDay, late]);
    expect(byId(table.values())).toEqual([...secondDay, late]);
    if (!api.incremental) return;
    expect(second.length).toBeLessThan(secondDay.length);
    // Those of the watermark's own time come again, and of Stripe's hour before it.
    expect(third.length).toBeLessThanOrEqual(3);
    expect(fourth.length).toBeLessThanOrEqual(4);
  });

  it('names its keys by references, its limits and its documentation', () => {
    const text = readFileSync(`examples/apis/${name}.yaml`, 'utf8');
    expect(text).toMatch(/\{ env: [A-Z_]+ \}/);
    expect(text).toMatch(/rate_limit:/);
    expect(text).toMatch(/^# https:\/\//m);
    expect(text).toMatch(/^# Compared 20\d\d-\d\d-\d\d: /m);
  });
});

it('there is a small copy for each recipe, and a recipe for each', () => {
  expect(Object.keys(smallApis({ current: '', uses: 0 })).sort()).toEqual([...recipes].sort());
});

it.each(['hubspot', 'notion'])('the recipe for %s halves slices until the search gives all rows', async (name) => {
  const { day } = await startDays(name, 4);
  expect(byId(await day('2026-03-02T00:00:00Z', firstDay))).toEqual(firstDay);
});
