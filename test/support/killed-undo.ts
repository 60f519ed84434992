import { spawn } from 'node:child_process';
import path from 'node:path';
import { expect } from 'vitest';
import { resetPipeline } from '../../lib/run/reset.ts';
import { undoRun } from '../../lib/run/undo.ts';
import { findRuns } from '../../lib/state/run-history.ts';
import { openDsqlProxy, type Passing } from './dsql-proxy.ts';
import type { LocalTarget } from './local-target.ts';
import { linesOf, loadRows, type Source, undoContext } from './overlapping-runs.ts';

/** Which statement of an undo or a reset is the last of its process, whether it arrives, and what goes on with it. */
export interface KilledUndo {
  readonly kind: 'undo' | 'reset';
  /** The statement at which the process is killed arrives all the same. */
  readonly late: boolean;
  /** Number of the statement, from 1. */
  readonly n: number;
  /** The same command, or the next run of the pipeline. */
  readonly next: 'again' | 'run';
}

const settings = 'load_mode: insert';
const rowsOf = (from: number, to: number): Source =>
  new Map(Array.from({ length: to - from }, (_, i) => [from + i, `row${from + i}`]));

/**
 * Loads three sources, begins to take back the second run, or all, in a process that is killed at a statement, and goes on.
 * The table must then hold exactly the other rows.
 *
 * @returns whether the process came so far
 */
export async function playKilledUndo(target: LocalTarget, plan: KilledUndo, table: string): Promise<boolean> {
  const sources = [rowsOf(0, 50), rowsOf(50, 110), rowsOf(110, 150)];
  const runs: string[] = [];
  for (const source of sources) runs.push(await loadRows(target, table, settings, source));
  const proxy = await openDsqlProxy(path.join(target.folder, 'state'), target.hold.endpoint);
  let statements = 0;
  let resume: (() => void) | undefined;
  const held = new Promise<void>((resolve) => {
    resume = resolve;
  });
  const { ca, hostname, region, user } = target.hold.endpoint;
  const job = {
    kind: plan.kind,
    run: runs[1],
    folder: path.join(target.folder, table),
    endpoint: { hostname, port: proxy.port, region, user, ca, database: 'postgres' },
    credentials: target.hold.credentials,
  };
  const child = spawn(process.execPath, [path.resolve('test/support/undo-child.mjs'), JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  proxy.decide = async ({ from, type }: Passing) => {
    if (from === 'server' || !['Q', 'B'].includes(type)) return 'pass';
    statements += 1;
    if (statements !== plan.n) return 'pass';
    child.kill('SIGKILL');
    await held;
    return plan.late ? 'pass' : 'before-rst';
  };
  try {
    await ended;
    resume?.();
    const struck = statements >= plan.n;
    await goOn(target, plan, table, runs[1] ?? '');
    const left = plan.kind === 'reset' ? [] : [sources[0], sources[2]];
    const added = plan.next === 'run' ? [rowsOf(200, 230)] : [];
    const expected = [...left, ...added].flatMap((rows) => [...(rows ?? [])].map(([id, name]) => `${id} ${name}`));
    expect(await linesOf(target, table), JSON.stringify(plan)).toEqual(expected.sort());
    return struck;
  } finally {
    resume?.();
    await proxy.close();
    await target.sql.unsafe(`DROP TABLE IF EXISTS ${table}`);
  }
}

/** A process that was killed before it had written anything has begun nothing, so a run of the pipeline is not enough. */
async function goOn(target: LocalTarget, { kind, next }: KilledUndo, table: string, runId: string): Promise<void> {
  const [run] = await findRuns(target.sql, runId);
  if (run === undefined) throw new Error('the run is not in the log');
  const context = undoContext(target, table);
  if (next === 'run') await loadRows(target, table, settings, rowsOf(200, 230));
  const [after] = await findRuns(target.sql, runId);
  if (after?.closed_by != null && next === 'run') return;
  if (kind === 'reset' && next === 'run') {
    await resetPipeline(context, { pipelineName: table, targetTable: table, keepRows: false }, 'cli');
    await loadRows(target, table, settings, rowsOf(200, 230));
    return;
  }
  const again = async (): Promise<unknown> =>
    kind === 'undo'
      ? await undoRun(context, run, 'cli')
      : await resetPipeline(context, { pipelineName: table, targetTable: table, keepRows: false }, 'cli');
  // Killed behind its last statement, it has nothing left to do.
  await again().catch((error: unknown) => {
    if (!String(error).includes('has taken its rows back')) throw error;
  });
}
