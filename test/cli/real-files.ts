import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect } from 'vitest';
import type { InProcess } from '../support/in-process.ts';

const folder = path.resolve('node_modules/vega-datasets/data');
const file = (name: string): string => path.join(folder, name);

/** What a plain reader finds: the rows, and how many of them repeat an earlier one. */
export function plain(name: string): { readonly rows: readonly Record<string, unknown>[]; readonly distinct: number } {
  const text = readFileSync(file(name), 'utf8');
  const rows = name.endsWith('.json')
    ? (JSON.parse(text) as Record<string, unknown>[])
    : (parse(text, { columns: true }) as Record<string, unknown>[]);
  return { rows, distinct: new Set(rows.map((row) => JSON.stringify(row))).size };
}

/** A pipeline of a file of vega-datasets, as lines of a configuration. */
export const pipelineOf = (name: string, source: string): string =>
  `  ${name}:\n    source_type: file\n    file_path: ${file(source)}\n    target_table: ${name}\n`;

/** Runs a pipeline, and compares what it counts and what the table holds with what a plain reader finds. */
export async function loadsAll(space: InProcess, name: string, source: string): Promise<void> {
  const { distinct, rows } = plain(source);
  const [run] = await space.run([name]);
  expect(run).toMatchObject({
    status: 'success',
    rows_read: rows.length,
    rows_filtered: 0,
    rows_deduplicated: rows.length - distinct,
    rows_rejected: 0,
    rows_loaded: distinct,
  });
  expect(await space.sql(`SELECT count(*) AS n, count(DISTINCT uuid_id) AS ids FROM ${name}`)).toEqual([
    { n: String(distinct), ids: String(distinct) },
  ]);
}
