import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { sendJson, startApi } from '../extract/extract-setup.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';
import { type Item, type Rotation, smallApis } from './small-apis.ts';

let space: InProcess;
// HubSpot's copy is read by slices up to a minute ago, by the clock of the process; apis.test.ts has days of its own.
const recipes = readdirSync('examples/apis').flatMap((file) =>
  file.endsWith('.yaml') && file !== 'hubspot.yaml' ? [file.slice(0, -5)] : [],
);

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

const item = (id: number, at: string, name = `n${id}`): Item => ({ id, at: Date.parse(at), name });
const firstDay = [1, 2, 3, 4, 5, 6, 7].map((id) => item(id, `2026-03-01T0${id}:00:00Z`));
const secondDay = [
  ...firstDay.filter(({ id }) => id !== 3),
  item(3, '2026-03-03T01:00:00Z', 'changed'),
  item(8, '2026-03-03T02:00:00Z'),
].sort((a, b) => a.id - b.id);

it.each(recipes)(
  'the recipe for %s loads two days into the table, every row once',
  async (name) => {
    const rotation: Rotation = { current: 'value-of-FREEE_REFRESH_TOKEN', uses: 0 };
    let items: readonly Item[] = firstDay;
    const api = smallApis(rotation)[name];
    const server = await startApi((request, response) => {
      const { body, headers, status } = api?.answer(request, items) ?? { body: {} };
      sendJson(response, body, headers, status);
    });
    const text = readFileSync(`examples/apis/${name}.yaml`, 'utf8')
      .replaceAll(/(base_url|token_url): https:\/\/[^/\s]+/g, `$1: ${server.url}`)
      // A day's slices of a year would take minutes at the API's own pace.
      .replaceAll(/^ {2}rate_limit: .*\n/gm, '');
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
    items = secondDay;
    await run();
    // A message of Slack is known by its time, so that a later one is another.
    expect(await rows()).toBe(name === 'slack' ? secondDay.length + 1 : secondDay.length);
    await run();
    expect(await rows()).toBe(name === 'slack' ? secondDay.length + 1 : secondDay.length);
  },
  120_000,
);
