import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve, type TestServer } from '../support/http-server.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';

let space: InProcess;
let api: TestServer;
let present: { readonly id: number; readonly at: string }[] = [];

beforeAll(async () => {
  space = await inProcess();
  api = await serve((request, response) => {
    const since = new URL(request.url ?? '', 'http://localhost').searchParams.get('since') ?? '';
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ results: present.filter(({ at }) => at >= since) }));
  });
  space.write(
    'etl.yaml',
    `data_source: { base_url: '${api.url}', allow_private_addresses: true }
pipelines:
  items: { source_type: file, file_path: items.csv, target_table: items, columns: { price: bigint } }
  fresh: { source_type: file, file_path: fresh.csv, target_table: fresh }
  events: { source_type: api, endpoint: events, target_table: events, incremental: { cursor_column: at, start_param: since } }
`,
  );
});

afterAll(async () => {
  await api.close();
  await space.remove();
});

async function lines(table: string, columns: string): Promise<readonly string[]> {
  const rows = await space.sql(`SELECT ${columns} FROM ${table} ORDER BY 1`);
  return rows.map((row) => Object.values(row).join(' '));
}

async function etl(...args: readonly string[]): Promise<string> {
  const { status, stderr, stdout } = await space.etl(...args, '--target', 'local');
  expect(status, stderr).toBe(0);
  return stdout;
}

describe('an undo', () => {
  it('of a replay takes its rows back and opens the rejected rows again', async () => {
    space.write('items.csv', 'id,price\n1,10\n2,x\n3,30\n');
    const [run] = await space.run(['items']);
    await etl('rejects', 'items', '--export', 'fix.csv');
    const file = path.join(space.folder, 'fix.csv');
    space.write('fix.csv', readFileSync(file, 'utf8').replace(',x', ',20'));
    const replay = JSON.parse(await etl('replay', run?.run_id ?? '', '--file', 'fix.csv', '--json')) as {
      readonly run: { readonly run_id: string };
    };
    expect(await lines('items', 'id, price')).toEqual(['1 10', '2 20', '3 30']);
    expect(await etl('undo', replay.run.run_id, '--yes')).toMatch(/1 rows of items deleted/);
    expect(await lines('items', 'id, price')).toEqual(['1 10', '3 30']);
    await etl('replay', run?.run_id ?? '', '--file', 'fix.csv');
    expect(await lines('items', 'id, price')).toEqual(['1 10', '2 20', '3 30']);
  });

  it('of a full refresh takes the new rows back, and not the deletion', async () => {
    space.write('fresh.csv', 'id\n1\n2\n');
    await space.run(['fresh']);
    space.write('fresh.csv', 'id\n7\n8\n9\n');
    const [second] = await space.run(['fresh'], { fullRefresh: true, yes: true });
    expect(await lines('fresh', 'id')).toEqual(['7', '8', '9']);
    const [reset] = await space.sql(
      "SELECT run_id FROM etl_execution_log WHERE pipeline_name = 'fresh' AND kind = 'reset'",
    );
    const refused = await space.etl('undo', String(reset?.run_id), '--yes', '--target', 'local');
    expect([refused.status, refused.stderr]).toEqual([
      1,
      expect.stringContaining('it has loaded nothing itself') as string,
    ]);
    expect(await etl('undo', second?.run_id ?? '', '--yes')).toMatch(/3 rows of fresh deleted/);
    expect(await lines('fresh', 'id')).toEqual([]);
    await space.run(['fresh']);
    expect(await lines('fresh', 'id')).toEqual(['7', '8', '9']);
  });

  it('of the run that moved the watermark last brings it back, and of an earlier one leaves it', async () => {
    const row = (id: number): (typeof present)[number] => ({ id, at: `2026-01-0${id}T00:00:00Z` });
    present = [row(1), row(2)];
    const [first] = await space.run(['events']);
    present = [row(1), row(2), row(3), row(4)];
    const [second] = await space.run(['events']);
    expect(second).toMatchObject({ rows_inserted: 2 });
    expect(await etl('undo', second?.run_id ?? '', '--yes')).toMatch(
      /2 rows of events deleted\. The watermark is where it was before, so the next run reads those rows again\./,
    );
    expect(await lines('events', 'id')).toEqual(['1', '2']);
    const [third] = await space.run(['events']);
    expect(third).toMatchObject({ rows_inserted: 2 });
    expect(await lines('events', 'id')).toEqual(['1', '2', '3', '4']);
    expect(await etl('undo', first?.run_id ?? '', '--yes')).not.toMatch(/watermark/);
    expect(await lines('events', 'id')).toEqual(['3', '4']);
    const [fourth] = await space.run(['events']);
    expect(fourth).toMatchObject({ status: 'success', rows_inserted: 0 });
  });
});
