import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { quoteText } from '../../lib/duckdb/quote.ts';
import { ordinalId } from '../../lib/transform/result/row-id.ts';

/** The columns of the measured table: ten from the source. */
export const sourceColumns = [
  'id bigint',
  'name text',
  'email text',
  'status text',
  'amount numeric(38,2)',
  'quantity bigint',
  'sold_at timestamp',
  'code text',
  'note text',
  'region text',
] as const;

/** What `COPY` and the row-wise ways load: the finished columns, the enriched one and the id among them. */
export const finishedColumns = ['uuid_id uuid', ...sourceColumns, 'label text', 'extracted_at timestamptz'] as const;

/** The columns of the source, as SQL of a row's number `i`. */
export const sourceRow = `
  i AS id, 'customer number ' || i AS name, 'user' || i || '@example.com' AS email,
  CASE WHEN i % 50 = 0 THEN 'void' ELSE 'paid' END AS status, ((i * 37) % 1000000 / 100)::DECIMAL(38,2) AS amount,
  i % 97 AS quantity, TIMESTAMP '2025-01-01' + INTERVAL (i % 31536000) SECOND AS sold_at,
  lpad((i % 100000)::VARCHAR, 6, '0') AS code, 'a note of ordinary length about ' || (i % 1000) AS note,
  CASE i % 4 WHEN 0 THEN 'north' WHEN 1 THEN 'south' WHEN 2 THEN 'east' ELSE 'west' END AS region`;

/**
 * Writes the source CSV (`rows` × 10), and the finished rows as PostgreSQL's own COPY text, which one filter
 * (`status <> 'void'`, 2 % go) and one enrichment leave, under ids as the pipeline derives them.
 */
export async function writeLoadData(
  folder: string,
  rows: number,
): Promise<{ readonly csv: string; readonly copy: string }> {
  const csv = path.join(folder, `source-${rows}.csv`);
  const copy = path.join(folder, `finished-${rows}.csv`);
  const tempDir = path.join(folder, 'tmp');
  mkdirSync(tempDir, { recursive: true });
  const session = await openDuckDb({ allowedDirs: [folder], tempDir });
  try {
    await session.run(`COPY (SELECT ${sourceRow} FROM range(${rows}) t(i)) TO ${quoteText(csv)} (FORMAT csv, HEADER)`);
    await session.run(
      `COPY (SELECT ${ordinalId('bench', 'id + 1')} AS uuid_id, *, name || ' (' || region || ')' AS label,
                    TIMESTAMPTZ '2025-06-01 00:00:00+00' AS extracted_at
               FROM (SELECT ${sourceRow} FROM range(${rows}) t(i)) WHERE status <> 'void') TO ${quoteText(copy)} (FORMAT csv, HEADER false)`,
    );
  } finally {
    session.close();
  }
  return { csv, copy };
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
