import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalTarget, localTarget } from '../support/local-target.ts';
import { runFile } from '../support/run-file.ts';

let target: LocalTarget;

beforeAll(async () => {
  target = await localTarget();
});
afterAll(async () => {
  await target.remove();
});

/** Rows that are filtered, repeated and clean, so that the places of the clean ones have gaps of any size. */
const lines = Array.from({ length: 50_000 }, (_, i) => {
  const id = i % 11 === 0 ? i - 1 : i;
  return `${id},${i > 20_000 && i < 25_000 ? 'void' : 'paid'},"text ""${id}"", of \\ ordinary length"`;
});

describe('a chunk that is rendered in pieces', { timeout: 60_000 }, () => {
  it.each(['insert', 'upsert'])('is loaded whole, each row once: %s', async (mode) => {
    const file = path.join(target.folder, `${mode}.csv`);
    writeFileSync(file, `id,status,note\n${lines.join('\n')}\n`);
    const settings = `load_mode: ${mode}, key_columns: [id], verify: full, business_rules: [{ type: filter, condition: "status != 'void'" }]`;
    const given = { folder: target.folder, file, table: `pieces_${mode}`, settings };
    const result = await runFile(target, given);
    const kept = new Set(lines.filter((line) => !line.includes(',void,')));
    expect(result).toMatchObject({ status: 'success', rows_loaded: kept.size, rows_inserted: kept.size });
    expect(result.verified).toBe(`full: ${kept.size.toLocaleString('en')} rows`);
    if (mode === 'insert') return;
    // By the statement, whose arrays are put together of the pieces'.
    const repeated = await runFile(target, { ...given, again: true });
    expect(repeated).toMatchObject({ status: 'success', rows_loaded: kept.size, rows_unchanged: kept.size });
  });
});
