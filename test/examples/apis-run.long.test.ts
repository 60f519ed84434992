import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { sendJson, startApi } from '../extract/extract-setup.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';
import type { Rotation } from './small-apis/freee.ts';
import type { Item } from './small-apis/small-api.ts';
import { smallApis } from './small-apis/small-apis.ts';

let space: InProcess;
const recipes = readdirSync('examples/apis').flatMap((file) => (file.endsWith('.yaml') ? [file.slice(0, -5)] : []));

beforeAll(async () => {
  space = await inProcess();
  const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  for (const name of recipes) {
    for (const [, variable = ''] of readFileSync(`examples/apis/${name}.yaml`, 'utf8').matchAll(/\{ env: (\w+) \}/g)) {
      vi.stubEnv(variable, variable === 'GOOGLE_PRIVATE_KEY' ? pem.toString() : `value-of-${variable}`);
    }
  }
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await space.remove();
});

const item = (id: number, at: number, name = `n${id}`): Item => ({ id, at: Math.floor(at / 1_000) * 1_000, name });
const hour = 3_600_000;
/** By the clock of the process, by which runs read up to a minute ago. */
const firstDay = [1, 2, 3, 4, 5, 6, 7].map((id) => item(id, Date.now() - 240 * hour + id * hour));
/** One has changed and one has come, a few minutes ago. */
const secondDay = (): readonly Item[] => {
  const lately = Date.now() - 180_000;
  return [...firstDay.filter(({ id }) => id !== 3), item(3, lately, 'changed'), item(8, lately + 1_000)].sort(
    (a, b) => a.id - b.id,
  );
};

it.each(recipes)(
  'the recipe for %s loads two days into the table, every row once',
  async (name) => {
    const rotation: Rotation = { current: 'value-of-FREEE_REFRESH_TOKEN', uses: 0 };
    let items: readonly Item[] = firstDay;
    const api = smallApis(rotation)[name];
    const server = await startApi((request, response, count) => {
      const { body, headers, status } = api?.answer(request, { items, now: new Date(), count }) ?? { body: {} };
      sendJson(response, body, headers, status);
    });
    const text = readFileSync(`examples/apis/${name}.yaml`, 'utf8')
      .replaceAll(/(base_url|token_url): https:\/\/[^/\s]+/g, `$1: ${server.url}`)
      // A day's slices of a year would take minutes at the API's own pace.
      .replaceAll(/^ {2}rate_limit: .*\n/gm, '')
      .replace(/delays_seconds: \[.*?\]/, 'delays_seconds: [0.01]');
    space.write(`${name}.yaml`, text);
    const table = /target_table: (\w+)/.exec(text)?.[1] ?? '';
    const rows = async (): Promise<number> => {
      const counted = await space.etl('sql', '--json', `SELECT count(*) AS n FROM ${table}`);
      return Number(/"n":\s*"?(\d+)/.exec(counted.stdout)?.[1]);
    };
    const run = async (): Promise<void> => {
      const result = await space.etl('run', '--config', `${name}.yaml`, '--target', 'local');
      expect(result, `${result.stdout}${result.stderr}`).toMatchObject({ status: 0 });
    };
    await run();
    expect(await rows()).toBe(firstDay.length);
    items = secondDay();
    await run();
    // A message of Slack is known by its time, so that a later one is another.
    const all = items.length + (name === 'slack' ? 1 : 0);
    expect(await rows()).toBe(all);
    const changed = await space.etl(
      'sql',
      '--json',
      `SELECT count(*) AS n FROM ${table} t WHERE t::text LIKE '%changed%'`,
    );
    expect(changed.stdout).toMatch(/"n":\s*"?1\b/);
    await run();
    expect(await rows()).toBe(all);
  },
  120_000,
);
