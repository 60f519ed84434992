import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { runTransform } from './stage.ts';

/** The path of a file of vega-datasets. */
export const data = (name: string): string => `node_modules/vega-datasets/data/${name}`;

/** The elements of a document, one a line. */
export const linesOf = (name: string): string =>
  (JSON.parse(readFileSync(data(name), 'utf8')) as object[]).map((row) => `${JSON.stringify(row)}\n`).join('');

/** Cleans a file of flights, and compares the counts with those of a plain reader. @param rows  what the file has */
export async function countsFlights(file: string, rows: number): Promise<void> {
  const { manifest } = await runTransform({ format: 'ndjson', content: linesOf(file) }, { deduplicate: true });
  const flights = JSON.parse(readFileSync(data(file), 'utf8')) as object[];
  const distinct = new Set(flights.map((flight) => JSON.stringify(flight))).size;
  expect(manifest.counts).toEqual({
    rows_read: rows,
    rows_filtered: 0,
    rows_deduplicated: rows - distinct,
    rows_rejected: 0,
    rows_clean: distinct,
  });
  expect(
    manifest.chunks
      .map((chunk) => chunk.rows)
      .slice(0, -1)
      .every((count) => count === 80_000),
  ).toBe(true);
}
