import { join } from 'node:path';
import { loadModeTraits } from '../../config/load-mode.ts';
import type { DuckDbSession } from '../../duckdb/open-duckdb.ts';
import { quoteText } from '../../duckdb/quote.ts';
import type { TransformRequest } from '../request.ts';
import { alive, repeated } from '../row-state.ts';
import { scratchParquet } from '../scratch-parquet.ts';
import { findRepeatedRows, findSupersededRows } from './duplicates.ts';
import type { FinalColumn } from './final-columns.ts';
import type { CleanedSource } from './one-pass.ts';

/** What is there twice, and how many rows are in which state. */
export interface Duplicates {
  /** Relation of the working file's rows, those that repeat another one in the state `repeated`. */
  readonly rows: string;
  /** Tables of the ordinals of rows that repeat another one, and of rows whose key another one has; where there are any. */
  readonly repeats: string | undefined;
  readonly superseded: string | undefined;
  readonly supersededRows: number;
  /** Of rows with one key the last one stays, and the others count as duplicates; else the first, and the others are rejected. */
  readonly lastWins: boolean;
  readonly inState: (state: number) => number;
}

/** Finds what is there twice, and counts the rows by their states. */
export async function findDuplicates(
  { settings }: Pick<TransformRequest, 'settings'>,
  session: DuckDbSession,
  args: {
    /** A relation of the rows with their ordinals `o`, and how many there are. */
    readonly written: string;
    readonly count: number;
    /** A table of the ordinals of rows that repeat another one, where there are any. */
    readonly repeats: string | undefined;
    readonly keys: readonly FinalColumn[];
    readonly latestBy: FinalColumn | undefined;
  },
): Promise<Duplicates> {
  const { keys, latestBy, repeats, written } = args;
  const rows =
    repeats === undefined
      ? written
      : `(SELECT * REPLACE (CASE WHEN o IN (SELECT o FROM ${repeats}) THEN ${repeated} ELSE s END AS s) FROM ${written})`;
  // An insert would meet the first row of the key in the table; upsert and replace would end with the last.
  const lastWins = loadModeTraits[settings.load_mode].keepsLast;
  const superseded =
    keys.length === 0
      ? undefined
      : await findSupersededRows(
          session,
          { relation: `(SELECT * FROM ${rows} WHERE s = ${alive})`, rows: args.count },
          keys.map((key) => key.id),
          lastWins ? 'last' : 'first',
          latestBy?.id,
        );
  const states = await session.rows(`SELECT s, count(*) AS n FROM ${rows} GROUP BY s`);
  const [again] = superseded === undefined ? [] : await session.rows(`SELECT count(*) AS n FROM ${superseded}`);
  return {
    rows,
    repeats,
    superseded,
    supersededRows: Number(again?.n ?? 0),
    lastWins,
    inState: (state) => Number(states.find((row) => Number(row.s) === state)?.n ?? 0),
  };
}

/**
 * Rows of records that repeat an earlier record in every column of the source.
 *
 * @returns a table of their ordinals; undefined where there are none
 */
export async function findRepeats(session: DuckDbSession, { hashes, raw }: CleanedSource): Promise<string | undefined> {
  const { columns, relation, rows } = raw.records ?? raw;
  const list = columns.map((_, i) => `c${i}`).join(', ');
  const records = await findRepeatedRows(session, { relation, rows, columns: list, hash: 'h', hashes });
  if (records === undefined || raw.exploded === undefined) return records;
  await session.run(
    `CREATE TABLE repeated_element AS SELECT o, NULL::BIGINT AS kept FROM ${raw.relation} WHERE r IN (SELECT o FROM ${records})`,
  );
  return 'repeated_element';
}

/** Writes the ordinals of rows that another one makes superfluous. @returns the file; undefined where there are none */
export async function writeDropped(
  session: DuckDbSession,
  { repeats, superseded }: Pick<Duplicates, 'repeats' | 'superseded'>,
  scratch: string,
): Promise<string | undefined> {
  const dropped = [repeats, superseded].flatMap((table) => (table === undefined ? [] : `SELECT o FROM ${table}`));
  if (dropped.length === 0) return undefined;
  const path = join(scratch, 'dropped.parquet');
  const ordinals = `(SELECT o FROM (${dropped.join(' UNION ALL ')}) ORDER BY o)`;
  await session.run(`COPY ${ordinals} TO ${quoteText(path)} ${scratchParquet()}`);
  return path;
}
