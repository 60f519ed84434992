import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { main } from '../../lib/cli/main.ts';
import { type InProcess, inProcess } from '../support/in-process.ts';

let space: InProcess;
let out = '';

beforeAll(async () => {
  space = await inProcess();
});

afterAll(async () => await space.remove());

afterEach(() => {
  vi.restoreAllMocks();
});

/** One command line in this process; what it wrote on stdout. */
async function etl(...args: readonly string[]): Promise<{ readonly status: number; readonly stdout: string }> {
  out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  const config = path.join(space.folder, 'etl.yaml');
  const status = await main([...args, '--config', config, '--target', 'local']);
  vi.restoreAllMocks();
  return { status, stdout: out };
}

/** Every 40th row has an amount that is no number, and two of those a second flaw besides. */
const rows = 20_000;
const isBad = (id: number): boolean => id % 40 === 7;
const amountOf = (id: number): string => (id % 80 === 7 ? 'N/A' : `${id}.5o`);

function writeOrders(): void {
  const lines = Array.from(
    { length: rows },
    (_, id) => `${id},${isBad(id) ? amountOf(id) : `${id}.25`},"a, ""b"" ${id}"`,
  );
  space.write('orders.csv', `id,amount,note\n${lines.join('\n')}\n`);
}

const config = (rules = ''): string => `pipelines:
  orders:
    source_type: file
    file_path: orders.csv
    target_table: orders
    columns: { id: bigint, amount: "numeric(18,2)" }
    ${rules}
`;

describe('rejected rows of a run', () => {
  it('are written to a file, repaired and run again: exactly those, and none a second time', async () => {
    writeOrders();
    space.write('etl.yaml', config());
    const [loaded] = await space.run();
    expect(loaded).toMatchObject({ status: 'success', rows_loaded: 19_500, rows_rejected: 500 });
    const run = String(loaded?.run_id);

    const shown = await etl('rejects', 'orders');
    expect(shown.stdout).toMatch(/^500 rejected rows, for /);
    expect(shown.stdout).toMatch(/× amount: .*\n {4}orders\.csv:9 {2}"N\/A"/);

    const file = path.join(space.folder, 'rejected.csv');
    expect((await etl('rejects', run.slice(0, 8), '--export', file)).stdout).toMatch(/^500 rejected rows written/);
    const text = readFileSync(file, 'utf8');
    expect(text.split('\n')[0]).toBe('etl_rejected_id,etl_reason,etl_column,etl_source,etl_row_number,id,amount,note');
    // One row stays as it is: it is rejected once more, and its predecessor is done.
    writeFileSync(
      file,
      text
        .replace(/,(\d+)\.5o,/g, ',$1.50,')
        .replace(/,N\/A,/g, ',0.00,')
        .replace(',47.50,', ',47.5o,'),
    );

    const replayed = await etl('replay', run, '--file', file, '--json', '--quiet');
    expect(JSON.parse(replayed.stdout)).toMatchObject({
      run: { status: 'success', rows_read: 500, rows_inserted: 499, rows_rejected: 1 },
    });
    expect(
      await space.sql('SELECT count(*)::text AS n, sum(amount)::text AS sum FROM orders WHERE note LIKE \'a, "b" %\''),
    ).toEqual([{ n: '19999', sum: String(await sumOf()) }]);
    expect((await etl('rejects')).stdout).toMatch(/^1 rejected rows, for one reason/);

    const again = await etl('replay', run, '--file', file, '--quiet');
    expect(again).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('are not among its open rejected rows') as string,
    });
    expect(await etl('replay', run, '--quiet')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Run .* has no rejected rows/) as string,
    });
    expect((await etl('rejects', '--done', '--yes')).stdout).toMatch(/1 rejected rows marked as done/);
    expect((await etl('rejects')).stdout).toMatch(/^No rejected rows that are open/);
  });

  it('are not piled up when their source is loaded again', async () => {
    space.write('etl.yaml', config('load_mode: upsert\n    key_columns: [id]').replaceAll('orders', 'mended'));
    space.write('mended.csv', 'id,amount,note\n1,1.00,a\n2,2 USD,b\n3,3.00,c\n');
    const [first] = await space.run();
    expect(first).toMatchObject({ rows_loaded: 2, rows_rejected: 1 });
    // The same content again, with --again: its one rejected row is that of the later run.
    const [second] = await space.run(['mended'], { again: true });
    expect(JSON.parse((await etl('rejects', 'mended', '--json')).stdout)).toMatchObject({ rows: 1 });
    expect(await etl('replay', String(first?.run_id), '--quiet')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('no rejected rows') as string,
    });

    space.write(
      'etl.yaml',
      readFileSync(path.join(space.folder, 'etl.yaml'), 'utf8').replace('"numeric(18,2)"', 'text'),
    );
    await space.sql('DROP TABLE mended');
    await space.run(['mended'], { again: true });
    expect((await etl('rejects', 'mended')).stdout).toMatch(/^No rejected rows that are open/);
    expect(second).toMatchObject({ rows_rejected: 1 });
  });
});

/** Of the rows that are in the table. */
async function sumOf(): Promise<string> {
  let cents = 0n;
  for (let id = 0; id < rows; id += 1) {
    if (!isBad(id)) cents += BigInt(id) * 100n + 25n;
    else if (id % 80 !== 7 && id !== 47) cents += BigInt(id) * 100n + 50n;
  }
  return `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`;
}
