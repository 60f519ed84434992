import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import type { RunResult } from '../../lib/run/result.ts';
import { type HeldChild, startHeld } from './held-child.ts';
import type { LocalTarget } from './local-target.ts';
import { linesOf, type Source } from './overlapping-runs.ts';
import { runFile } from './run-file.ts';

/*
 * Pipeline `a` has loaded the keys 0 to 49; pipeline `b` loads the keys 30 to 79 into the same table, where it finds 20 rows of
 * `a`, as it would have loaded them (`same`) or other ones (`other`).
 */

export type Beside = 'same' | 'other';

const rowsOf = (from: number, to: number, word: string): Source =>
  new Map(Array.from({ length: to - from }, (_, i) => [from + i, `${word}${from + i}`]));
const ofA = rowsOf(0, 50, 'a');
const ofB: Readonly<Record<Beside, Source>> = { same: rowsOf(30, 80, 'a'), other: rowsOf(30, 80, 'b') };

/** A table that two pipelines load. */
export interface SharedTable {
  readonly runA: string;
  readonly runB: (wait?: boolean) => Promise<RunResult>;
  /** The configuration of `b`, for a process of its own. */
  readonly configOfB: string;
  readonly folder: string;
  /** The table has all rows of `b`, and those of `a` alone that are not `b`'s exactly where `a` was not taken back. */
  readonly expectRows: (aTakenBack: boolean, what: string) => Promise<void>;
  /** Takes the run of `a` back in a process of its own. */
  readonly startUndo: (held: (n: number, statement: string) => boolean) => Promise<HeldChild>;
}

/** Makes the table with the rows of `a`. @param named  the table as pipeline `b` writes its name */
export async function sharedTable(
  target: LocalTarget,
  table: string,
  beside: Beside,
  named = table,
): Promise<SharedTable> {
  const folder = path.join(target.folder, table);
  mkdirSync(folder, { recursive: true });
  const settings = 'load_mode: upsert, key_columns: [id], batch_rows: 20';
  const fileOf = (name: string, rows: Source): string => {
    const file = path.join(folder, `${name}.csv`);
    writeFileSync(file, `id,name\n${[...rows].map((row) => row.join(',')).join('\n')}\n`);
    return file;
  };
  const files = { a: fileOf('a', ofA), b: fileOf('b', ofB[beside]) };
  const run = async (name: 'a' | 'b', intoTable: string): Promise<RunResult> =>
    await runFile(target, {
      folder: path.join(folder, name),
      file: files[name],
      table: intoTable,
      pipeline: `${table}_${name}`,
      settings,
      connections: 2,
    });
  const first = await run('a', table);
  expect(first).toMatchObject({ status: 'success', rows_inserted: 50 });
  return {
    folder,
    runA: first.run_id,
    runB: () => run('b', named),
    configOfB: `pipelines: { ${table}_b: { source_type: file, file_path: ${files.b}, target_table: ${named}, ${settings} } }`,
    expectRows: async (aTakenBack, what) => {
      const expected = new Map([...(aTakenBack ? [] : ofA), ...ofB[beside]]);
      const lines = [...expected].map(([id, name]) => `${id} ${name}`);
      expect(await linesOf(target, table), what).toEqual(lines.sort());
    },
    startUndo: (held) =>
      startHeld(target, 'undo-child.mjs', { kind: 'undo', run: first.run_id, folder: path.join(folder, 'a') }, held),
  };
}

/**
 * Takes the run of `a` back and loads `b` while one statement of the undo is held; then lets both come to an end.
 *
 * @returns whether the undo came so far
 */
export async function playUndoBesideRun(
  target: LocalTarget,
  table: string,
  plan: { readonly beside: Beside; readonly n: number },
): Promise<boolean> {
  const shared = await sharedTable(target, table, plan.beside);
  const undo = await shared.startUndo((n) => n === plan.n);
  const struck = (await undo.reached) === 'held';
  const beside = await shared.runB();
  expect(['success', 'undo_under_way'], beside.error_message ?? '').toContain(beside.error_code ?? beside.status);
  const said = await undo.goOn();
  const what = `${JSON.stringify(plan)}: the run ended with ${beside.error_code ?? beside.status}, the undo said ${said}`;
  const after = beside.status === 'success' ? beside : await shared.runB();
  expect(after, what).toMatchObject({ status: 'success' });
  await shared.expectRows(!/UndoRefusedError|PipelineBusyError/.test(said), what);
  const [left] = await target.sql<{ readonly n: string }[]>`
    SELECT count(*) AS n FROM etl_execution_log WHERE pipeline_name LIKE ${`${table}%`} AND status = 'running'`;
  expect(left?.n, what).toBe('0');
  await target.sql.unsafe(`DROP TABLE ${table}`);
  return struck;
}
