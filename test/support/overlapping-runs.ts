import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { UndoRefusedError } from '../../lib/run/errors.ts';
import { type UndoContext, undoRun } from '../../lib/run/undo.ts';
import { findRuns } from '../../lib/state/run-history.ts';
import { folderStore } from '../../lib/store/folder-store.ts';
import type { LocalTarget } from './local-target.ts';
import { runFile } from './run-file.ts';

/** Rows of a source: values by key, in their order; a key may come in several sources. */
export type Source = ReadonlyMap<number, string>;

export interface Overlap {
  readonly name: string;
  /** The pipeline's settings, as YAML in one line. */
  readonly settings: string;
  /** What a table holds after a source is loaded into it. */
  readonly load: (table: readonly string[], source: Source) => readonly string[];
}

const lines = (source: Source): readonly string[] => [...source].map(([id, name]) => `${id} ${name}`);
const keyOf = (line: string): string => line.split(' ')[0] ?? '';

/** Every load mode, and what it makes of a table. */
export const overlaps: readonly Overlap[] = [
  { name: 'insert', settings: 'load_mode: insert', load: (table, source) => [...table, ...lines(source)] },
  {
    name: 'upsert',
    settings: 'load_mode: upsert, key_columns: [id]',
    load: (table, source) => [...table.filter((line) => !source.has(Number(keyOf(line)))), ...lines(source)],
  },
  {
    name: 'replace',
    settings: 'load_mode: replace, key_columns: [id], max_shrink: 1',
    load: (_, source) => lines(source),
  },
];

/** What undo needs, for a target of a test. */
export function undoContext(target: LocalTarget, table: string, sql = target.sql): UndoContext {
  return {
    target: { ...target, sql },
    store: folderStore(path.join(target.folder, table, 'state')),
    connections: 2,
  };
}

/** One run over a file with these rows; its id. */
export async function loadRows(target: LocalTarget, table: string, settings: string, source: Source): Promise<string> {
  const folder = path.join(target.folder, table);
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'rows.csv');
  writeFileSync(file, `id,name\n${[...source].map((row) => row.join(',')).join('\n')}\n`);
  const result = await runFile(target, {
    folder,
    file,
    table,
    settings: `${settings}, batch_rows: 20`,
    connections: 2,
  });
  expect(result).toMatchObject({ status: 'success' });
  return result.run_id;
}

export async function linesOf(target: LocalTarget, table: string): Promise<readonly string[]> {
  const rows = await target.sql.unsafe<{ readonly line: string }[]>(
    `SELECT concat(id, ' ', name) AS line FROM ${table}`,
  );
  return rows.map(({ line }) => line).sort();
}

/**
 * Loads sources one after the other, then takes back their runs in the given order; after each the table holds exactly
 * what it would hold had the runs that are taken back never been, or what it held before where the undo was refused.
 *
 * @returns of each run in that order whether it was taken back
 */
export async function takeBackInOrder(
  target: LocalTarget,
  table: string,
  { load, settings }: Overlap,
  sources: readonly Source[],
  order: readonly number[],
): Promise<readonly boolean[]> {
  const runs: string[] = [];
  for (const source of sources) runs.push(await loadRows(target, table, settings, source));
  const gone = new Set<number>();
  const without = (): readonly string[] =>
    sources.reduce<readonly string[]>((rows, source, index) => (gone.has(index) ? rows : load(rows, source)), []);
  const taken: boolean[] = [];
  for (const index of order) {
    const [run] = await findRuns(target.sql, runs[index] ?? '');
    if (run === undefined) throw new Error('the run is not in the log');
    try {
      const before = (await linesOf(target, table)).length;
      const result = await undoRun(undoContext(target, table), run, 'cli');
      gone.add(index);
      taken.push(true);
      expect(result.rows_deleted).toBe(before - (await linesOf(target, table)).length);
    } catch (error) {
      if (!(error instanceof UndoRefusedError)) throw error;
      taken.push(false);
    }
    expect(await linesOf(target, table), `after run ${index} of ${table}`).toEqual([...without()].sort());
  }
  return taken;
}
