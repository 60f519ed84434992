import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { serve, type TestServer } from '../support/http-server.ts';
import { type BundledFunctions, bundledFunctions } from '../support/lambda/bundled-functions.ts';

let service: BundledFunctions;
let api: TestServer;
let content = '[]';
const statuses: number[] = [];

beforeAll(async () => {
  api = await serve((request, response) => {
    const etag = `"${content.length}-${content.slice(7, 8)}"`;
    const isSame = request.headers['if-none-match'] === etag;
    statuses.push(isSame ? 304 : 200);
    response.writeHead(isSame ? 304 : 200, { etag, 'content-type': 'application/json' });
    response.end(isSame ? undefined : content);
  });
  service = await bundledFunctions(
    `data_source: { base_url: '${api.url}', allow_private_addresses: true }
pipelines:
  daily: { source_type: api, endpoint: daily, load_mode: replace, key_columns: [id], target_table: daily, verify: count }
`,
  );
  await service.create();
});

afterAll(async () => {
  await service?.close();
  await api?.close();
});

const startedSchema = z.looseObject({ run: z.unknown() });
const completeSchema = z.looseObject({ complete: z.boolean() });
const preparedSchema = z.looseObject({
  groups: z.array(z.object({ from: z.number(), to: z.number() })),
  conclude: z.boolean(),
});

/** One execution, with what the state machine hands from stage to stage as JSON. */
async function execute(name: string): Promise<unknown> {
  const id = `arn:aws:states:us-east-1:1:execution:etl:${name}`;
  const given = { execution: { id, name, start_time: new Date().toISOString() }, input: { pipeline: 'daily' } };
  const { run } = startedSchema.parse(await service.invoke('record', { ...given, action: 'start' }));
  const event = JSON.parse(JSON.stringify({ ...given, run })) as object;
  while (!completeSchema.parse(await service.invoke('extract', event)).complete);
  while (!completeSchema.parse(await service.invoke('transform', event)).complete);
  await service.invoke('load', { ...event, action: 'admit' });
  await service.invoke('bootstrap', { ...event, action: 'define' });
  const { conclude, groups } = preparedSchema.parse(await service.invoke('load', { ...event, action: 'prepare' }));
  for (const group of groups) {
    const load = { ...event, action: 'load', ...group, conflict_retries: 0 };
    while (!completeSchema.parse(await service.invoke('load', load)).complete);
  }
  const concluded = conclude
    ? ((await service.invoke('load', { ...event, action: 'conclude' })) as object)
    : { rows_deleted: 0, verified: null };
  const success = { ...event, action: 'success', conflict_retries: 0, warnings: [], ...concluded };
  return await service.invoke('record', success);
}

it('an answer that has not changed leaves the table of a replace as it is, in functions too', async () => {
  content = '[{"id":1},{"id":2},{"id":3}]';
  expect(await execute('one')).toMatchObject({ status: 'success', rows_loaded: 3 });
  expect(await execute('two')).toMatchObject({ status: 'success', rows_read: 0, rows_loaded: 0 });
  content = '[{"id":2},{"id":3}]';
  expect(await execute('three')).toMatchObject({ status: 'success', rows_loaded: 2 });
  expect(await execute('four')).toMatchObject({ status: 'success', rows_loaded: 0 });
  expect(statuses).toEqual([200, 304, 200, 304]);
  expect((await service.target.sql`SELECT id FROM daily ORDER BY id`).map(({ id }) => id)).toEqual(['2', '3']);
}, 120_000);
