import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalTarget, localTarget } from '../support/local-target.ts';
import { runFile } from '../support/run-file.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});

afterAll(async () => {
  await target.remove();
});

/** Every twentieth row has a text of 900 kB, the others one of 100 bytes. */
const rows = 4_000;
const body = (i: number): string => String.fromCharCode(97 + (i % 26)).repeat(i % 20 === 0 ? 900_000 : 100);

it.each([
  ['csv', (i: number) => `${i},${body(i)}`, 'id,body\n'],
  ['ndjson', (i: number) => JSON.stringify({ id: i, body: body(i) }), ''],
] as const)('rows of 900 kB among narrow ones load whole, from %s', async (kind, row, header) => {
  const folder = path.join(target.folder, kind);
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `rows.${kind}`);
  writeFileSync(file, header + Array.from({ length: rows }, (_, i) => `${row(i)}\n`).join(''));
  const table = `wide_${kind}`;
  const result = await runFile(target, { folder, file, table });
  expect(result).toMatchObject({ status: 'success', rows_loaded: rows, rows_rejected: 0 });
  const found = await target.sql.unsafe(
    `SELECT count(DISTINCT id) AS ids, sum(length(body)) AS characters FROM ${table}
      WHERE body = repeat(chr(97 + (id % 26)::int), CASE WHEN id % 20 = 0 THEN 900000 ELSE 100 END)`,
  );
  expect(found).toMatchObject([{ ids: String(rows), characters: String((rows / 20) * 900_000 + rows * 0.95 * 100) }]);
  const [widest] = await target.sql`
    SELECT max(rows_loaded) AS rows FROM etl_load_ledger WHERE run_id = ${result.run_id}`;
  expect(Number(widest?.rows)).toBeLessThanOrEqual(2_000);
});
