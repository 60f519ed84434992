import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { openDuckDb } from '../../lib/duckdb/open-duckdb.ts';
import { quoteText } from '../../lib/duckdb/quote.ts';
import { ordinalId } from '../../lib/transform/result/row-id.ts';
import { sourceRow } from './load-data.ts';

/** The files that every way loads. */
export interface PeerData {
  /** `rows` × 10, the key `id` first. */
  readonly csv: string;
  /** The same rows as the pipeline leaves them: behind their id, before their time of extraction; without a header. */
  readonly finished: string;
  /** A tenth of the keys with other amounts; each file changes all that the other one has changed. */
  readonly changes: readonly [string, string];
  /** 100 rows of the source. */
  readonly small: string;
}

/** Writes the files of a comparison. */
export async function writePeerData(folder: string, rows: number): Promise<PeerData> {
  const file = (name: string): string => path.join(folder, name);
  const tempDir = file('tmp');
  mkdirSync(tempDir, { recursive: true });
  const session = await openDuckDb({ allowedDirs: [folder], tempDir });
  const write = async (query: string, name: string, header = true): Promise<string> => {
    await session.run(`COPY (${query}) TO ${quoteText(file(name))} (FORMAT csv, HEADER ${header})`);
    return file(name);
  };
  const source = `SELECT ${sourceRow} FROM range(${rows}) t(i)`;
  const changed = (by: number): string =>
    `SELECT * REPLACE (amount + ${by} AS amount) FROM (${source}) WHERE id % 10 = 3`;
  try {
    return {
      csv: await write(source, 'source.csv'),
      finished: await write(
        `SELECT ${ordinalId('bench', 'id + 1')} AS uuid_id, *, TIMESTAMPTZ '2025-06-01 00:00:00+00' AS extracted_at FROM (${source})`,
        'finished.csv',
        false,
      ),
      changes: [await write(changed(1), 'changes-a.csv'), await write(changed(2), 'changes-b.csv')],
      small: await write(`SELECT * FROM (${source}) LIMIT 100`, 'small.csv'),
    };
  } finally {
    session.close();
  }
}
